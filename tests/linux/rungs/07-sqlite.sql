.bail on
PRAGMA journal_mode=WAL;
CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT UNIQUE, value REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<2000) INSERT INTO t SELECT i, 'name'||i, i*1.5 FROM n;
SELECT count(*), sum(value), max(name) FROM t;
BEGIN; DELETE FROM t WHERE id % 2; SELECT count(*) FROM t; ROLLBACK; SELECT count(*) FROM t;
CREATE INDEX v ON t(value); EXPLAIN QUERY PLAN SELECT * FROM t WHERE value > 100;
UPDATE t SET value = value + 1 WHERE id BETWEEN 10 AND 20; SELECT sum(value) FROM t WHERE id < 30;
PRAGMA integrity_check; PRAGMA wal_checkpoint(TRUNCATE); VACUUM; SELECT page_count FROM pragma_page_count();
.mode json
SELECT * FROM t LIMIT 2;
