-- Comments on the operation of the mirror in schema allo: passes, budgets, settings, checks.

COMMENT ON TABLE allo.sync_passes IS
  'One row per pass: one attempt to read the queues of a team''s teammates. The readings are in sync_reads.';
COMMENT ON COLUMN allo.sync_passes.pass_id IS 'The mirror''s own id of the pass; later passes have larger ones.';
COMMENT ON COLUMN allo.sync_passes.team_id IS 'The team.';
COMMENT ON COLUMN allo.sync_passes.trigger IS 'schedule: the schedule of a worker. manual: a person or another tool ran sync. look: a look found something unexpected, so that one teammate was read at once.';
COMMENT ON COLUMN allo.sync_passes.is_whole_team IS 'Whether the pass was to read the whole team. False with --user, or if Allo did not name the team, so that the pass failed at once. Only a pass over the whole team can find that a queue has no holder. Teammates left out by configuration have a reading with the status skipped.';
COMMENT ON COLUMN allo.sync_passes.status IS 'running. ok: every teammate to be read was read; says nothing about those skipped by configuration. partial: some were read. failed: none was read, or the process died (error_code abandoned); in that case the readings made before stay and are valid.';
COMMENT ON COLUMN allo.sync_passes.started_at IS 'Observed: when the pass began.';
COMMENT ON COLUMN allo.sync_passes.lease_expires_at IS 'A running pass renews this while it works. After this time a later pass closes it.';
COMMENT ON COLUMN allo.sync_passes.finished_at IS 'Observed: when the pass ended, or when a later one closed it. Null: running.';
COMMENT ON COLUMN allo.sync_passes.teammates IS 'Number of teammates to be read, without skipped ones. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.requests IS 'Requests sent to the API for this pass, retries included. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.throttled IS 'Number of 429 responses. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.throttled_ms IS 'Milliseconds waited because of 429 responses. Null: running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.surprises IS 'Undocumented behaviour of the API, each kind once: a list of objects with where and what. No phone numbers. Null: none, running or abandoned.';
COMMENT ON COLUMN allo.sync_passes.error_code IS 'Stable code of the reason why the pass stopped early. Null: it did not. Failures of single teammates are in sync_reads.';
COMMENT ON COLUMN allo.sync_passes.error_message IS 'The reason as text.';
COMMENT ON COLUMN allo.sync_passes.error_request_id IS 'The API''s id of the failed request, for Allo''s support.';
COMMENT ON COLUMN allo.sync_passes.version IS 'Version of allo-queue-mirror that made the pass.';
COMMENT ON COLUMN allo.sync_passes.job_id IS 'Job that runs a scheduled pass; null for a pass started by hand. If the job runs again after a crash, it continues the same pass.';
COMMENT ON COLUMN allo.sync_passes.stop_status IS 'Set when a reading found that the pass must stop (key refused, throttled too long, API down): the status of the teammates that were not reached. Null: the pass did not stop.';
COMMENT ON COLUMN allo.sync_passes.gap_after_seconds IS 'Two intervals of the schedule, in seconds, as configured when the pass began. If the next reading of a teammate comes later than this, there is a gap. Null: a pass of an older version.';
COMMENT ON COLUMN allo.sync_passes.stale_after_seconds IS 'Age in seconds from which data are too old (FRESHNESS_SLO, or three intervals), as configured when the pass began. Null: a pass of an older version.';

COMMENT ON TABLE allo.sync_reads IS
  'One row per pass and teammate: the result of the reading of that teammate''s queue. Only ok, no_queue and not_found are answers; any other status ends nothing and leaves the teammate''s data as they were. A teammate without a row was not reached by that pass.';
COMMENT ON COLUMN allo.sync_reads.pass_id IS 'The pass: see sync_passes.';
COMMENT ON COLUMN allo.sync_reads.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.sync_reads.status IS 'ok: the queue was read completely and saved. no_queue: the API said that they have none. not_found: the API said that they are not on the team. torn: the queue changed during every attempt to read it, so no data changed. skipped: left out by configuration, or overtaken by a newer reading. rate_limited: the API asked for a wait that was too long. forbidden: the key was refused. error: any other failure, see error_code.';
COMMENT ON COLUMN allo.sync_reads.queue_id IS 'The queue that was read. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.read_started_at IS 'Observed: before the first request of the read that counts (if two reads had to agree: of the first). Null: the reading failed or was skipped.';
COMMENT ON COLUMN allo.sync_reads.observed_at IS 'Observed: after the last response. The reading shows the queue as it was at a moment between read_started_at and this time. If the reading failed or was skipped: when that was recorded.';
COMMENT ON COLUMN allo.sync_reads.walks IS 'How many times the queue was read from its first page. 0: failed or skipped.';
COMMENT ON COLUMN allo.sync_reads.requests IS 'Requests sent for this reading, retries included.';
COMMENT ON COLUMN allo.sync_reads.throttled IS 'Number of 429 responses to this reading.';
COMMENT ON COLUMN allo.sync_reads.numbers_read IS 'Numbers in the reading; if torn, in the last attempt. Null: none were read, or the reading was not used.';
COMMENT ON COLUMN allo.sync_reads.numbers_announced IS 'Numbers that the API announced. Null: the status is not ok, or it announced none.';
COMMENT ON COLUMN allo.sync_reads.numbers_stored IS 'Numbers of this queue in the mirror after the reading. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.added IS 'Entries that are new or returned. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.changed IS 'Entries with changed fields, whether they moved or not. sync_status counts; updated_at alone does not. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.moved IS 'Entries of which only the position changed. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.removed IS 'Entries removed from a queue that continued. Numbers of a queue that ends are not counted here. Null unless ok.';
COMMENT ON COLUMN allo.sync_reads.duration_ms IS 'Duration of the reading in milliseconds: includes waits for request slots, excludes saving.';
COMMENT ON COLUMN allo.sync_reads.error_code IS 'Stable code of the reason why there is no answer. Null: ok, no_queue.';
COMMENT ON COLUMN allo.sync_reads.error_message IS 'The reason as text, never with a value of a row.';
COMMENT ON COLUMN allo.sync_reads.error_request_id IS 'The API''s id of the failed request, for Allo''s support.';

COMMENT ON TABLE allo.api_keys IS
  'One row per API key used here: the read budget that all processes on this database share. The key itself is not stored, only its fingerprint.';
COMMENT ON COLUMN allo.api_keys.key_fingerprint IS 'The first 16 hexadecimal digits of the key''s SHA-256. It identifies a key without revealing it.';
COMMENT ON COLUMN allo.api_keys.team_id IS 'Team of the key, as last sent by the API. Null: not known yet.';
COMMENT ON COLUMN allo.api_keys.paused_until IS 'Observed: no process may send requests with this key until then, because the API asked to wait. Null, or past: no pause.';

COMMENT ON TABLE allo.read_slots IS
  'One row per API key: when its next request may be sent. Unlogged, so it is empty after a crash of the database, which does no harm.';
COMMENT ON COLUMN allo.read_slots.key_fingerprint IS 'As in api_keys.';
COMMENT ON COLUMN allo.read_slots.next_slot_at IS 'Observed clock: the next free slot for a request.';
COMMENT ON COLUMN allo.read_slots.next_look_at IS 'Observed clock: before this time, looks have used up their share of the read budget. Null: none was taken.';
COMMENT ON COLUMN allo.read_slots.counted_day IS 'The day (UTC) of counted_requests. Null: none was counted.';
COMMENT ON COLUMN allo.read_slots.counted_requests IS 'Requests sent with the key on counted_day, by all processes on this database.';

COMMENT ON TABLE allo.looks IS
  'One row per teammate with a queue: the last look, which is one request for the page where dialling stands. A look changes fields of calls, and nothing else. Unlogged, so it is empty after a crash of the database, which does no harm.';
COMMENT ON COLUMN allo.looks.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.looks.team_id IS 'The team.';
COMMENT ON COLUMN allo.looks.queue_id IS 'The queue of the last look that counted. Null: none counted yet.';
COMMENT ON COLUMN allo.looks.planned_at IS 'Observed: for when the last look was planned.';
COMMENT ON COLUMN allo.looks.look_started_at IS 'Observed: before the request of the last look that counted.';
COMMENT ON COLUMN allo.looks.looked_at IS 'Observed: after the response of the last look that counted. Null: none counted yet.';
COMMENT ON COLUMN allo.looks.first_position IS 'First position of the queue that the last look that counted saw.';
COMMENT ON COLUMN allo.looks.last_position IS 'Last position of the queue that the last look that counted saw.';
COMMENT ON COLUMN allo.looks.mirror_as_of IS 'End of the last reading or look of the queue that the mirror held when this look compared it. If this look changed something: of this look.';
COMMENT ON COLUMN allo.looks.interval_seconds IS 'Moving average of the seconds between two looks that counted. Null: fewer than two.';
COMMENT ON COLUMN allo.looks.unexpected_in_a_row IS 'How many looks in a row found what the mirror does not hold, so that a reading was requested.';
COMMENT ON COLUMN allo.looks.unexpected_at IS 'Observed: the last look that did not count. Null: all did.';
COMMENT ON COLUMN allo.looks.unexpected_reason IS 'Why it did not count. Null: all did.';

COMMENT ON TABLE allo.webhook_deliveries IS
  'One row per webhook of the last minutes, so that a repeated delivery is recognised. Its content is not stored. Unlogged, so it is empty after a crash of the database, which does no harm.';
COMMENT ON COLUMN allo.webhook_deliveries.webhook_id IS 'The id that Allo gave the delivery.';
COMMENT ON COLUMN allo.webhook_deliveries.received_at IS 'Observed: when it arrived.';

COMMENT ON TABLE allo.locks IS
  'One row per teammate and queue ever read. Transactions lock these rows to make their changes one after the other. Unlike advisory locks, readers can''t take them. Unlogged, so it is empty after a crash of the database, which does no harm.';
COMMENT ON COLUMN allo.locks.name IS 'teammate or queue, and its id.';

COMMENT ON TABLE allo.migrations IS
  'One row per migration applied to this schema.';
COMMENT ON COLUMN allo.migrations.id IS 'Order in which they were applied.';
COMMENT ON COLUMN allo.migrations.hash IS 'SHA-256 of the migration''s SQL.';
COMMENT ON COLUMN allo.migrations.created_at IS 'When the migration was written (not applied), in milliseconds since 1970-01-01 UTC. It is the version of the schema.';

COMMENT ON TABLE allo.incidents IS
  'One row per period with a problem that alerts are sent for. However many workers run, one of them opens it, one closes it, and one sends the alert.';
COMMENT ON COLUMN allo.incidents.incident_id IS 'The mirror''s own id of the incident.';
COMMENT ON COLUMN allo.incidents.team_id IS 'The team.';
COMMENT ON COLUMN allo.incidents.kind IS 'stale_data: data of a teammate are older than FRESHNESS_SLO. credentials: the API refused the key. data_quality: a check of severity error failed.';
COMMENT ON COLUMN allo.incidents.opened_at IS 'Observed: when a worker detected it.';
COMMENT ON COLUMN allo.incidents.closed_at IS 'Observed: when a worker detected that it is over. Null: not over.';
COMMENT ON COLUMN allo.incidents.summary IS 'What was found when it was opened, as text. No phone numbers.';
COMMENT ON COLUMN allo.incidents.opening_told_at IS 'When the webhook accepted the message that it began. Null: not yet, or there is no webhook.';
COMMENT ON COLUMN allo.incidents.closing_told_at IS 'When the webhook accepted the message that it is over. Null: not yet, or there is no webhook.';
COMMENT ON COLUMN allo.incidents.claimed_until IS 'Until then only one worker tries to deliver; after a failure, the time of the next try. Null: no worker is trying.';

COMMENT ON TABLE allo.settings IS
  'One row per installation: settings that the reports depend on. Written by allo-queue-mirror from its configuration.';
COMMENT ON COLUMN allo.settings.is_only IS 'Always true: prevents a second row.';
COMMENT ON COLUMN allo.settings.report_time_zone IS 'REPORT_TIME_ZONE: the time zone of days and hours in schema reporting.';
COMMENT ON COLUMN allo.settings.speed_to_lead_seconds IS 'SPEED_TO_LEAD_TARGET: seconds within which a new number should be dialled.';
COMMENT ON COLUMN allo.settings.working_hours IS 'WORKING_HOURS: local minutes of the week, which begins on Monday at 00:00, as int4multirange. Null: not set.';
COMMENT ON COLUMN allo.settings.number_key_fingerprint IS 'Fingerprint of the NUMBER_KEY that the number keys here were made with. It does not reveal the key. Null: none was ever set.';

COMMENT ON TABLE allo.suppressed_numbers IS
  'One row per number that is mirrored without its phone number, because the person asked to be forgotten while the number was in a queue.';
COMMENT ON COLUMN allo.suppressed_numbers.number_key IS 'Number key under NUMBER_KEY, to recognise the number without storing it.';
COMMENT ON COLUMN allo.suppressed_numbers.suppressed_at IS 'Observed: when it was suppressed.';

COMMENT ON TABLE allo.quality_results IS
  'One row per team and data check: the result of its last run.';
COMMENT ON COLUMN allo.quality_results.team_id IS 'The team whose data were checked.';
COMMENT ON COLUMN allo.quality_results.check_name IS 'Name of the check.';
COMMENT ON COLUMN allo.quality_results.severity IS 'error: do not trust the data. warn: investigate it. note: legal, and useful to know.';
COMMENT ON COLUMN allo.quality_results.checked IS 'Number of items checked.';
COMMENT ON COLUMN allo.quality_results.failing IS 'Number of these items that break the rule.';
COMMENT ON COLUMN allo.quality_results.status IS 'passed, failed, or skipped: there were no items to check.';
COMMENT ON COLUMN allo.quality_results.sentence IS 'What was found, and what to do. No phone numbers.';
COMMENT ON COLUMN allo.quality_results.checked_at IS 'Observed: when the check ran.';

COMMENT ON TABLE allo.maintenance IS
  'One row per team and maintenance task: when a worker last began and finished it. Workers use it to agree on which of them does it. Readiness probes write one more row, without a team.';
COMMENT ON COLUMN allo.maintenance.team_id IS 'The team it was done for. Empty: the row of the probes.';
COMMENT ON COLUMN allo.maintenance.task IS 'check: the data checks. retain: old data are erased as configured. import: the mirror was imported, and summary names the export. probe: a readiness probe tests that a row can be written.';
COMMENT ON COLUMN allo.maintenance.started_at IS 'Observed: when it last began.';
COMMENT ON COLUMN allo.maintenance.finished_at IS 'Observed: when it last finished. Null: in progress, or failed.';
COMMENT ON COLUMN allo.maintenance.summary IS 'What was done, as text. Null: not finished.';
COMMENT ON COLUMN allo.maintenance.error_message IS 'Why it failed. Null: it did not.';

COMMENT ON TABLE allo.repeatable_migrations IS
  'One row per file of views, functions and comments that was applied to this database.';
COMMENT ON COLUMN allo.repeatable_migrations.name IS 'Name of the file.';
COMMENT ON COLUMN allo.repeatable_migrations.sha256 IS 'Checksum of the file. All files are applied again when the checksum of one of them differs.';
COMMENT ON COLUMN allo.repeatable_migrations.version IS 'Number of the set of files. A program with a lower number does not apply its files.';
COMMENT ON COLUMN allo.repeatable_migrations.applied_at IS 'When it was applied.';
