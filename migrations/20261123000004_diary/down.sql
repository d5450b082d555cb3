DROP TABLE holiday_year, work_calendar_day, work_calendar, leave_type;
DROP TABLE activity_person, activity;
DROP TABLE daily_sheet_loss, daily_sheet_lead, daily_sheet, lost_reason, lead_source;
DROP TABLE work_report_review, work_report_text, work_report, report_duty;
DROP TABLE event_step, event;
