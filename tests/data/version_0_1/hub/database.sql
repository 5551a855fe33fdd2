BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0002');
CREATE TABLE counted (
	log VARCHAR(32) NOT NULL, 
	file BIGINT NOT NULL, 
	"offset" BIGINT NOT NULL, 
	PRIMARY KEY (log)
);
INSERT INTO "counted" VALUES('3caaabe532854d89588e1bb9a027a2c8',1,3048);
CREATE TABLE team_adapter (
	service VARCHAR(32) NOT NULL, 
	"group" VARCHAR(255) NOT NULL, 
	adapter VARCHAR(64) NOT NULL, 
	"before" VARCHAR(64) NOT NULL, 
	PRIMARY KEY (service, "group")
);
INSERT INTO "team_adapter" VALUES('3caaabe532854d89588e1bb9a027a2c8','vision','team-5944ae849448-first','team-5944ae849448-zero');
CREATE TABLE training_job (
	id INTEGER NOT NULL, 
	service VARCHAR(32) NOT NULL, 
	"group" VARCHAR(255) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	person VARCHAR(255) NOT NULL, 
	state VARCHAR(16) NOT NULL, 
	created VARCHAR(32) NOT NULL, 
	ended VARCHAR(32) NOT NULL, 
	seconds FLOAT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (service, "group", name)
);
INSERT INTO "training_job" VALUES(1,'3caaabe532854d89588e1bb9a027a2c8','vision','first','ada','done','2026-11-27T01:30:26+00:00','2026-11-27T01:30:26+00:00',12.5);
INSERT INTO "training_job" VALUES(2,'3caaabe532854d89588e1bb9a027a2c8','vision','second','ada','waiting','2026-11-27T01:30:26+00:00','',0.0);
INSERT INTO "training_job" VALUES(3,'3caaabe532854d89588e1bb9a027a2c8','vision','third','bob','stopped','2026-11-27T01:30:26+00:00','2026-11-27T01:30:26+00:00',0.0);
INSERT INTO "training_job" VALUES(4,'3caaabe532854d89588e1bb9a027a2c8','vision','fourth','bob','running','2026-11-27T01:30:26+00:00','',0.0);
CREATE TABLE usage (
	person VARCHAR(255) NOT NULL, 
	day VARCHAR(10) NOT NULL, 
	requests BIGINT NOT NULL, 
	prompt_tokens BIGINT NOT NULL, 
	completion_tokens BIGINT NOT NULL, 
	PRIMARY KEY (person, day)
);
INSERT INTO "usage" VALUES('ada','2026-11-27',2,150,12);
INSERT INTO "usage" VALUES('bob','2026-11-27',2,7,1);
COMMIT;
