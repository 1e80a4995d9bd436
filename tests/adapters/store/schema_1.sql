BEGIN TRANSACTION;
CREATE TABLE rollbot_comments (
	number INTEGER NOT NULL, 
	repository TEXT NOT NULL, 
	pull INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE (repository, pull, "key")
);
CREATE TABLE rollbot_entries (
	incident TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	stage TEXT NOT NULL, 
	what TEXT NOT NULL, 
	because TEXT NOT NULL, 
	facts TEXT NOT NULL, 
	previous TEXT NOT NULL, 
	hash TEXT NOT NULL, 
	PRIMARY KEY (incident, seq)
);
INSERT INTO "rollbot_entries" VALUES('one',1,10.0,'signal','opened','["why"]','{}','0000000000000000000000000000000000000000000000000000000000000000','a558eafae96096c43ac0c65f72804e44abf40c243d2c9e38170014b6ada0f12b');
CREATE TABLE rollbot_inbox (
	"key" TEXT NOT NULL, 
	source TEXT NOT NULL, 
	repository TEXT NOT NULL, 
	body BLOB NOT NULL, 
	received DOUBLE NOT NULL, 
	handled BOOLEAN NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE rollbot_incidents (
	id TEXT NOT NULL, 
	repository TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	cluster TEXT NOT NULL, 
	service TEXT NOT NULL, 
	opened DOUBLE NOT NULL, 
	open BOOLEAN NOT NULL, 
	due DOUBLE, 
	rev INTEGER NOT NULL, 
	incident TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "rollbot_incidents" VALUES('one','git.example/shop','prod','','checkout',10.0,1,13.0,1,'{"id":"one","service":{"repository":"git.example/shop","environment":"prod","name":"checkout","cluster":null},"opened":10.0,"state":"merged","symptoms":[{"key":"f1@10","source":"alertmanager","name":"Errors","labels":{"service":"checkout"},"started":10.0,"severity":"","summary":"","url":null,"resolved":null,"acts":true,"why_not":""}],"request":null,"actions":[{"kind":"rollback","release":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","identity":"","version":"","to":"","attempt":1,"key":"","base":null,"mode":"","branch":"","replaced":[],"evidence":[],"planned":null,"expires":null,"moved":0,"head":null,"pull":null,"url":null,"commit":null,"by_person":false,"merged":12.5,"arrived":null,"quiet":null,"relapsed":null,"helped":null,"approved":"","asked_by":"","culprit":null}],"onset":null,"onset_latest":null,"end":null,"why":"","ended":null,"due":13.0,"rev":1,"entries":1,"last":"a558eafae96096c43ac0c65f72804e44abf40c243d2c9e38170014b6ada0f12b"}');
CREATE TABLE rollbot_kept (
	name TEXT NOT NULL, 
	value BLOB NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE rollbot_meta (
	name TEXT NOT NULL, 
	value TEXT NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "rollbot_meta" VALUES('schema','1');
CREATE TABLE rollbot_notices (
	number INTEGER NOT NULL, 
	"key" TEXT NOT NULL, 
	title TEXT NOT NULL, 
	text TEXT NOT NULL, 
	urgent BOOLEAN NOT NULL, 
	PRIMARY KEY (number), 
	UNIQUE ("key")
);
CREATE TABLE rollbot_pulls (
	repository TEXT NOT NULL, 
	number INTEGER NOT NULL, 
	branch TEXT NOT NULL, 
	target TEXT NOT NULL, 
	head TEXT NOT NULL, 
	state TEXT NOT NULL, 
	merge TEXT, 
	url TEXT, 
	PRIMARY KEY (repository, number)
);
CREATE TABLE rollbot_queue (
	"key" TEXT NOT NULL, 
	due DOUBLE, 
	leased DOUBLE, 
	PRIMARY KEY ("key")
);
INSERT INTO "rollbot_queue" VALUES('one',13.0,NULL);
CREATE INDEX rollbot_inbox_waiting ON rollbot_inbox (repository, received) WHERE handled = 0;
CREATE UNIQUE INDEX rollbot_incidents_one_open ON rollbot_incidents (repository, environment, cluster, service) WHERE open;
CREATE INDEX rollbot_incidents_opened ON rollbot_incidents (repository, opened);
COMMIT;
