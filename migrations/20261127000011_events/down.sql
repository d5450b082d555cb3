DROP TABLE event_step;
DROP TABLE event;
