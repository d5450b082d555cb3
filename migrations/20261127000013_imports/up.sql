-- Kinds of leave 假期类型. What is not protected counts as personal leave 事假, which can cost points.
CREATE TABLE leave_type (
    name text PRIMARY KEY,
    en text NOT NULL,
    is_protected boolean NOT NULL,
    -- What else the column of it may be called in a file.
    aliases text[] NOT NULL DEFAULT '{}'
);

INSERT INTO leave_type (name, en, is_protected, aliases) VALUES
    ('事假', 'Personal leave', false, '{}'),
    ('病假', 'Sick leave', true, '{带薪病假}'),
    ('年假', 'Annual leave', true, '{年休假,带薪年假}'),
    ('调休', 'Time off in lieu', true, '{调休假}'),
    ('婚假', 'Marriage leave', true, '{}'),
    ('产假', 'Maternity leave', true, '{}'),
    ('陪产假', 'Paternity leave', true, '{护理假,陪产护理假}'),
    ('丧假', 'Bereavement leave', true, '{}'),
    ('工伤', 'Work injury', true, '{工伤假}'),
    ('育儿假', 'Parental leave', true, '{}'),
    ('产检假', 'Prenatal checks', true, '{}'),
    ('哺乳假', 'Nursing leave', true, '{}');
