-- Comments on what schema allo keeps of its own operation: passes, budgets, settings, checks.

COMMENT ON TABLE allo.sync_passes IS
  'One row per pass: one attempt to read the queues of a team''s teammates. The readings themselves are in sync_reads.';
COMMENT ON COLUMN allo.sync_passes.pass_id IS 'The mirror''s own id of the pass; later passes have larger ones.';
COMMENT ON COLUMN allo.sync_passes.team_id IS 'The team.';
COMMENT ON COLUMN allo.sync_passes.trigger IS 'schedule: a worker''s timetable. manual: a person or another tool ran sync.';
COMMENT ON COLUMN allo.sync_passes.is_whole_team IS 'Whether the pass set out to ask the whole team: not with --user, nor when the key was refused at once. Only such a pass can find that nobody holds a queue. Teammates left out by the configuration have a reading with the status skipped.';
COMMENT ON COLUMN allo.sync_passes.status IS 'running. ok: every teammate who was to be asked answered; proves nothing about those skipped by configuration. partial: some answered. failed: nobody did, or the process died (error_code abandoned), in which case what it had read stays and is true.';
COMMENT ON COLUMN allo.sync_passes.started_at IS 'Observed: when the pass began.';
COMMENT ON COLUMN allo.sync_passes.lease_expires_at IS 'Until when a running pass counts as alive; renewed while it runs. A later pass closes one whose lease ran out.';
COMMENT ON COLUMN allo.sync_passes.finished_at IS 'Observed: when the pass ended, or when a later one closed it. Null: running.';
COMMENT ON COLUMN allo.sync_passes.teammates IS 'How many teammates were to be asked, skipped ones not counted. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.requests IS 'Requests sent to the API for this pass, repeated ones included. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.throttled IS 'Answers of the API that said to wait (429). Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.throttled_ms IS 'Milliseconds waited because of such answers. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.surprises IS 'What the API did that its documentation does not mention, once each: a list of objects with where and what. No phone numbers. Null: nothing, running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.error_code IS 'A stable word for why the pass stopped before everyone was asked. Null: it did not stop early. What failed for one teammate is in sync_reads.';
COMMENT ON COLUMN allo.sync_passes.error_message IS 'The same in words.';
COMMENT ON COLUMN allo.sync_passes.error_request_id IS 'The API''s id of the request that failed; Allo''s support asks for it.';
COMMENT ON COLUMN allo.sync_passes.version IS 'Version of allo-queue-mirror that made the pass.';
COMMENT ON COLUMN allo.sync_passes.job_id IS 'Job that runs a scheduled pass; null for a pass started by hand. Run again after a crash, the same job goes on with the same pass.';
COMMENT ON COLUMN allo.sync_passes.stop_status IS 'Set when a reading found that the pass must stop (key refused, throttled too long, API down): the status that the teammates not reached are recorded with. Null when the pass went on.';
COMMENT ON COLUMN allo.sync_passes.gap_after_seconds IS 'Two intervals of the schedule, in seconds, as configured when the pass began: a next reading of a teammate that comes later leaves a gap. Null: a pass of an older version.';
COMMENT ON COLUMN allo.sync_passes.stale_after_seconds IS 'Age in seconds from which data count as too old (FRESHNESS_SLO, or three intervals), as configured when the pass began. Null: a pass of an older version.';

COMMENT ON TABLE allo.sync_reads IS
  'One row per pass and teammate: what one reading of that teammate''s queue came to. Only ok, no_queue and not_found are answers; every other status ends nothing and leaves the teammate''s data as they were. A teammate without a row was not reached by that pass.';
COMMENT ON COLUMN allo.sync_reads.pass_id IS 'The pass: see sync_passes.';
COMMENT ON COLUMN allo.sync_reads.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.sync_reads.status IS 'ok: the queue was read whole and is mirrored. no_queue: the API said that they have none. not_found: the API said that they are not on the team. torn: the queue moved under every walk over it, so nothing is concluded. skipped: left out by configuration, or overtaken by a newer reading. rate_limited: the pass was told to wait too long. forbidden: the key was refused. error: anything else, see error_code.';
COMMENT ON COLUMN allo.sync_reads.queue_id IS 'The queue that was read. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.read_started_at IS 'Observed: before the first request of the walk that counts (of the two where two had to agree). Null: the reading failed or was not asked for.';
COMMENT ON COLUMN allo.sync_reads.observed_at IS 'Observed: after the last answer. The reading is true for a moment between read_started_at and this one. Where the reading failed or was not asked for: when that was recorded.';
COMMENT ON COLUMN allo.sync_reads.walks IS 'How often the queue was walked from its first page. 0: failed or not asked for.';
COMMENT ON COLUMN allo.sync_reads.requests IS 'Requests sent for this reading, repeated ones included.';
COMMENT ON COLUMN allo.sync_reads.throttled IS 'Answers that said to wait (429) to this reading.';
COMMENT ON COLUMN allo.sync_reads.numbers_read IS 'Numbers in the reading; of the last walk if torn. Null: none were read, or the reading was not used.';
COMMENT ON COLUMN allo.sync_reads.numbers_announced IS 'Numbers the API announced. Null unless ok, and if it announced nothing.';
COMMENT ON COLUMN allo.sync_reads.numbers_stored IS 'Numbers the mirror held of this queue after the reading. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.added IS 'Entries that are new, or came back. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.changed IS 'Entries whose fields changed, moved or not. sync_status counts, updated_at alone does not. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.moved IS 'Entries that changed nothing but their position. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.removed IS 'Entries that left a queue that went on. Numbers of a queue that ends are not counted here. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.duration_ms IS 'Milliseconds the reading took, waits for its turn included, saving not.';
COMMENT ON COLUMN allo.sync_reads.error_code IS 'A stable word for why there is no answer. Null: ok, no_queue.';
COMMENT ON COLUMN allo.sync_reads.error_message IS 'The same in words, never with a value out of a row.';
COMMENT ON COLUMN allo.sync_reads.error_request_id IS 'The API''s id of the request that failed; Allo''s support asks for it.';

COMMENT ON TABLE allo.api_keys IS
  'One row per API key used here, for the read budget that all processes on this database share. No key is in here, only a fingerprint.';
COMMENT ON COLUMN allo.api_keys.key_fingerprint IS 'The first 16 hexadecimal digits of the key''s SHA-256. It tells two keys apart and gives none away.';
COMMENT ON COLUMN allo.api_keys.team_id IS 'Team of the key, as the API said last. Null: not told yet.';
COMMENT ON COLUMN allo.api_keys.paused_until IS 'Observed: until when nobody may read with this key, because the API said to wait. Null, or past: no pause.';

COMMENT ON TABLE allo.read_slots IS
  'One row per API key: when its next request may be sent. Unlogged, so empty after a crash of the database; nothing is lost by that.';
COMMENT ON COLUMN allo.read_slots.key_fingerprint IS 'As in api_keys.';
COMMENT ON COLUMN allo.read_slots.next_slot_at IS 'Observed clock: the next free moment for a request.';

COMMENT ON TABLE allo.locks IS
  'One row per teammate and queue ever read: what transactions lock, so that their changes come one after the other. Readers can''t touch it, unlike advisory locks. Unlogged, so empty after a crash of the database; nothing is lost by that.';
COMMENT ON COLUMN allo.locks.name IS 'teammate or queue, and its id.';

COMMENT ON TABLE allo.migrations IS
  'One row per migration applied to this schema.';
COMMENT ON COLUMN allo.migrations.id IS 'Order in which they were applied.';
COMMENT ON COLUMN allo.migrations.hash IS 'SHA-256 of the migration''s SQL.';
COMMENT ON COLUMN allo.migrations.created_at IS 'When the migration was written, in milliseconds since 1970-01-01 UTC: which version of the schema this is. Not when it was applied.';

COMMENT ON TABLE allo.incidents IS
  'One row per stretch in which something was wrong that people are told about: however many workers run, one of them opens it, one closes it, and one tells.';
COMMENT ON COLUMN allo.incidents.incident_id IS 'The mirror''s own id of the incident.';
COMMENT ON COLUMN allo.incidents.team_id IS 'The team.';
COMMENT ON COLUMN allo.incidents.kind IS 'stale_data: data of a teammate got older than FRESHNESS_SLO. credentials: the API refused the key. data_quality: a check of severity error failed.';
COMMENT ON COLUMN allo.incidents.opened_at IS 'Observed: when a worker found it.';
COMMENT ON COLUMN allo.incidents.closed_at IS 'Observed: when a worker found that it is over. Null: it goes on.';
COMMENT ON COLUMN allo.incidents.summary IS 'What was found when it was opened, in words. No phone numbers.';
COMMENT ON COLUMN allo.incidents.opening_told_at IS 'When the webhook took the news that it began. Null: not yet, or there is no webhook.';
COMMENT ON COLUMN allo.incidents.closing_told_at IS 'When the webhook took the news that it is over. Null: not yet, or there is no webhook.';
COMMENT ON COLUMN allo.incidents.claimed_until IS 'Until when one worker alone tries to deliver; after a failure, when the next may try. Null: nobody tries.';

COMMENT ON TABLE allo.settings IS
  'One row per installation: what is set that the reports depend on. Written by allo-queue-mirror from its configuration.';
COMMENT ON COLUMN allo.settings.is_only IS 'Always true: keeps a second row out.';
COMMENT ON COLUMN allo.settings.report_time_zone IS 'REPORT_TIME_ZONE: the zone of days and hours in schema reporting.';
COMMENT ON COLUMN allo.settings.number_key_fingerprint IS 'Tells whether a NUMBER_KEY is the one the number keys here were made with, without showing it. Null: none was ever set.';

COMMENT ON TABLE allo.suppressed_numbers IS
  'One row per number that is mirrored without its number from now on, because its owner asked to be forgotten while it stood in a queue.';
COMMENT ON COLUMN allo.suppressed_numbers.number_key IS 'Number key under NUMBER_KEY, so that the number can be recognised without being kept.';
COMMENT ON COLUMN allo.suppressed_numbers.suppressed_at IS 'Observed: when it was suppressed.';

COMMENT ON TABLE allo.quality_results IS
  'One row per team and check of the data: what its last run found.';
COMMENT ON COLUMN allo.quality_results.team_id IS 'The team whose data were checked.';
COMMENT ON COLUMN allo.quality_results.check_name IS 'Name of the check.';
COMMENT ON COLUMN allo.quality_results.severity IS 'error: do not trust the data. warn: look into it. note: legal, but good to know.';
COMMENT ON COLUMN allo.quality_results.checked IS 'How many things were looked at.';
COMMENT ON COLUMN allo.quality_results.failing IS 'How many of them are not as they should be.';
COMMENT ON COLUMN allo.quality_results.status IS 'passed, failed, or skipped: there was nothing to look at.';
COMMENT ON COLUMN allo.quality_results.sentence IS 'What was found, and what to do about it. No phone numbers.';
COMMENT ON COLUMN allo.quality_results.checked_at IS 'Observed: when the check ran.';

COMMENT ON TABLE allo.maintenance IS
  'One row per team and chore that a worker does once in a while: when it was last begun and done. Several workers agree by it on who does it. One more row, of no team, is written by readiness probes.';
COMMENT ON COLUMN allo.maintenance.team_id IS 'The team it was done for. Empty: the row of the probes.';
COMMENT ON COLUMN allo.maintenance.task IS 'check: the data were checked. retain: what is older than configured was erased. probe: a readiness probe found that a row can be written.';
COMMENT ON COLUMN allo.maintenance.started_at IS 'Observed: when it was last begun.';
COMMENT ON COLUMN allo.maintenance.finished_at IS 'Observed: when it was last done. Null: it is being done, or failed.';
COMMENT ON COLUMN allo.maintenance.summary IS 'What was done, in words. Null: not done yet.';
COMMENT ON COLUMN allo.maintenance.error_message IS 'Why it failed. Null: it did not.';

COMMENT ON TABLE allo.repeatable_migrations IS
  'One row per file of views, functions and comments that was applied to this database.';
COMMENT ON COLUMN allo.repeatable_migrations.name IS 'Name of the file.';
COMMENT ON COLUMN allo.repeatable_migrations.sha256 IS 'Checksum of the file. The files are applied again when one of them has another.';
COMMENT ON COLUMN allo.repeatable_migrations.version IS 'Number of the files as a set. A program with a lower one does not apply its own files.';
COMMENT ON COLUMN allo.repeatable_migrations.applied_at IS 'When it was applied.';
