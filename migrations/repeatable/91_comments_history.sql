-- Comments on the history of schema allo: what was so, and from when until when.

COMMENT ON TABLE allo.queue_entries IS
  'One row per stay of a number in a queue, from the first reading that showed it to the one that did not. A number that comes back with the same created_at continues its entry; a number twice in a queue is two entries. Identity is not the position: a number that moved is still the same entry.';
COMMENT ON COLUMN allo.queue_entries.entry_id IS 'The mirror''s own id of the stay.';
COMMENT ON COLUMN allo.queue_entries.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_entries.number_to IS 'The phone number as the API sends it. Null: it sent none, or the number was erased, which number_key tells.';
COMMENT ON COLUMN allo.queue_entries.source_created_at IS 'Source: when the number was added to the queue (created_at of queue_numbers).';
COMMENT ON COLUMN allo.queue_entries.first_seen_at IS 'Observed: end of the reading that first showed it.';
COMMENT ON COLUMN allo.queue_entries.last_seen_at IS 'Observed: end of the last reading that showed it, filled in when it is not shown any more. Null: as far as is known it still stands in the queue.';
COMMENT ON COLUMN allo.queue_entries.removed_at IS 'Observed: end of the first reading that did not show it, or ended_at of its queue. Null: still there, or unobservable.';
COMMENT ON COLUMN allo.queue_entries.removal_reason IS 'deleted: the queue went on without it. queue_replaced, queue_gone: the queue ended (see queues.end_reason). unobservable: its queue''s holder is not on the team any more, so nothing is known after last_seen_at and nothing is claimed. Null: as far as is known it still stands in the queue.';
COMMENT ON COLUMN allo.queue_entries.first_dialled_at IS 'Earliest dial of this entry in dials: its dialled_at (source) or, where the API gave none, when we first saw the dial (observed). Null: dial_count is 0.';
COMMENT ON COLUMN allo.queue_entries.last_dialled_at IS 'Latest dial of this entry in dials, by the same rule. Null: dial_count is 0.';
COMMENT ON COLUMN allo.queue_entries.dial_count IS 'Dials of this entry ever seen: the rows it has in dials. A number that shows a result but neither call_start_date nor call_id adds none, and a call_id that another entry showed before stays with that one.';
COMMENT ON COLUMN allo.queue_entries.outcome IS 'Outcome of its fields at the last reading that showed it, by allo.number_outcome. Not the outcome of every dial: for that see dials.';
COMMENT ON COLUMN allo.queue_entries.number_key IS 'Stable name of the number that does not show it: the first 128 bits, in hexadecimal, of its HMAC-SHA-256 under NUMBER_KEY. Equal for equal numbers, and still there when RETAIN_NUMBERS_DAYS has erased the number. Random, and leading nowhere: forgotten-… once the number was forgotten, equal where it was equal; erased-… where the number was erased without a key, or the key was retired since. Null: NUMBER_KEY is not set, or no number came, or it is suppressed.';

COMMENT ON TABLE allo.queue_number_versions IS
  'One row per version of an entry: what its fields were from valid_from until just before valid_to. Half-open intervals, at most one open version per entry and per slot. As of a moment T: valid_from <= T and (valid_to > T or valid_to is null). Between versions of one entry there may be a gap: it was not in the queue, or could not be observed. number_to and source_created_at never change and stand in queue_entries. A changed updated_at or extra alone makes no version; a changed position does.';
COMMENT ON COLUMN allo.queue_number_versions.entry_id IS 'The stay: see queue_entries.';
COMMENT ON COLUMN allo.queue_number_versions.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_number_versions.position IS 'The API''s position in the queue, from 0.';
COMMENT ON COLUMN allo.queue_number_versions.call_start_date IS 'Source: when the holder began calling this number, the latest time.';
COMMENT ON COLUMN allo.queue_number_versions.call_id IS 'The API''s id of the latest call.';
COMMENT ON COLUMN allo.queue_number_versions.routing_result IS 'What became of the call, in the API''s word. Null: nothing yet.';
COMMENT ON COLUMN allo.queue_number_versions.sync_status IS 'NOT_SYNCED, PROCESSING, SYNCED, or a word the API adds. About the contact in Allo, never about the call.';
COMMENT ON COLUMN allo.queue_number_versions.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';
COMMENT ON COLUMN allo.queue_number_versions.not_reached_destination_reason IS 'Why the call did not get through, in the API''s word. Null: it did, or nothing is known yet.';
COMMENT ON COLUMN allo.queue_number_versions.voicemail_left IS 'Whether a voicemail was left. Null: not known.';
COMMENT ON COLUMN allo.queue_number_versions.valid_from IS 'Observed: end of the reading that first showed this version.';
COMMENT ON COLUMN allo.queue_number_versions.valid_to IS 'Observed: end of the reading that showed it otherwise or not at all, ended_at of its queue, or when the queue became unobservable. Null: open, the version as last read.';
COMMENT ON COLUMN allo.queue_number_versions.changed_after IS 'Observed: start of the reading of this queue before. The change happened after that, and at valid_from at the latest. Null: this version stood in the first reading of the queue, and nothing is known of the time before.';
COMMENT ON COLUMN allo.queue_number_versions.end_reason IS 'Null with valid_to: superseded by the next version. deleted: removed from a queue that went on. queue_replaced, queue_gone: the queue ended. unobservable: the queue''s holder is not on the team any more; nothing more is known and nothing is claimed. Null without valid_to: open.';

COMMENT ON TABLE allo.dials IS
  'One row per dial of an entry. A row is known again by its call_id or by its start, whichever comes first, and is kept up to date while the call goes on; calling the same number again makes another row. A dial that began and was overwritten by the next between two readings was never seen.';
COMMENT ON COLUMN allo.dials.dial_id IS 'The mirror''s own id of the dial.';
COMMENT ON COLUMN allo.dials.team_id IS 'Team whose key showed the dial.';
COMMENT ON COLUMN allo.dials.entry_id IS 'The entry that showed the dial first.';
COMMENT ON COLUMN allo.dials.queue_id IS 'Queue of that entry.';
COMMENT ON COLUMN allo.dials.user_id IS 'Who held the queue at the reading that first showed the dial. For a dial just before a change of holders that may be the new one.';
COMMENT ON COLUMN allo.dials.position IS 'Position of the number at the reading that first showed the dial.';
COMMENT ON COLUMN allo.dials.call_id IS 'The API''s id of the call; the key to Allo''s conversations. Unique within a team. Null: not shown yet.';
COMMENT ON COLUMN allo.dials.dialled_at IS 'Source: call_start_date of the number. Null: the API showed a call_id without one; then first_seen_at is the nearest there is.';
COMMENT ON COLUMN allo.dials.routing_result IS 'What became of the call, in the API''s word. Null: nothing yet.';
COMMENT ON COLUMN allo.dials.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';
COMMENT ON COLUMN allo.dials.not_reached_destination_reason IS 'Why the call did not get through, in the API''s word. Null: it did, or nothing is known yet.';
COMMENT ON COLUMN allo.dials.voicemail_left IS 'Whether a voicemail was left. Null: not known.';
COMMENT ON COLUMN allo.dials.outcome IS 'Outcome of these fields as last shown, by allo.number_outcome. in_progress: no result was shown; the call goes on, or the number was dialled again or left the queue first.';
COMMENT ON COLUMN allo.dials.first_seen_at IS 'Observed: end of the reading that first showed the dial.';
COMMENT ON COLUMN allo.dials.changed_after IS 'Observed: start of the reading of its queue before that one. The dial appeared in between. Null: it stood in the first reading of the queue.';
COMMENT ON COLUMN allo.dials.last_changed_at IS 'Observed: end of the reading that last changed this row.';

COMMENT ON TABLE allo.queue_versions IS
  'One row per version of a queue''s settings. Half-open intervals, at most one open version per queue. A changed updated_at or extra alone makes no version. A gap between two versions: the queue had ended or could not be observed.';
COMMENT ON COLUMN allo.queue_versions.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_versions.name IS 'Name of the queue.';
COMMENT ON COLUMN allo.queue_versions.creator_id IS 'The teammate who made the queue.';
COMMENT ON COLUMN allo.queue_versions.assignee_id IS 'The teammate the API named as assignee.';
COMMENT ON COLUMN allo.queue_versions.voicemail_handling IS 'SKIP or NO_SKIP, or a word the API adds.';
COMMENT ON COLUMN allo.queue_versions.do_not_disturb IS 'ENABLED or DISABLED, or a word the API adds.';
COMMENT ON COLUMN allo.queue_versions.valid_from IS 'Observed: end of the reading that first showed this version.';
COMMENT ON COLUMN allo.queue_versions.valid_to IS 'Observed: end of the reading that showed it otherwise, ended_at of the queue, or when the queue became unobservable. Null: open, the version as last read.';
COMMENT ON COLUMN allo.queue_versions.changed_after IS 'Observed: start of the reading of this queue before. The change happened after that, and at valid_from at the latest. Null: the first reading of the queue.';
COMMENT ON COLUMN allo.queue_versions.end_reason IS 'Null with valid_to: superseded by the next version. queue_replaced, queue_gone: the queue ended. unobservable: its holder is not on the team any more; nothing is claimed. Null without valid_to: open.';

COMMENT ON TABLE allo.queue_assignments IS
  'One row per stretch in which a teammate held a queue, or was seen without one. Half-open intervals, at most one open stretch per teammate and per queue. Attribute history by this table, not by queues.user_id, which is the last holder only.';
COMMENT ON COLUMN allo.queue_assignments.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.queue_assignments.queue_id IS 'The queue they held. Null: they were seen without one.';
COMMENT ON COLUMN allo.queue_assignments.valid_from IS 'Observed: end of the reading that first showed it.';
COMMENT ON COLUMN allo.queue_assignments.valid_to IS 'Observed: end of the reading that first showed otherwise; where it showed no queue, once a second reading agreed. Null: open, as last known.';
COMMENT ON COLUMN allo.queue_assignments.changed_after IS 'Observed: start of the reading of this teammate before. The change happened after that, and at valid_from at the latest. Null: their first reading.';
COMMENT ON COLUMN allo.queue_assignments.end_reason IS 'Null with valid_to: a reading showed something else, of this teammate or of who has the queue now; whether and why the queue ended is in queues.end_reason. queue_replaced, queue_gone: the queue ended without such a reading. unobservable: the teammate is not on the team any more. Null without valid_to: open.';
COMMENT ON COLUMN allo.queue_assignments.missing_since IS 'Bookkeeping. Observed: end of one reading that showed this holder without a queue; a second one makes it a stretch of its own from there. Null: not doubted.';
COMMENT ON COLUMN allo.queue_assignments.missing_after IS 'Bookkeeping. Observed: start of the reading before that one; changed_after of the stretch it may become.';

COMMENT ON TABLE allo.queue_snapshots IS
  'One row per queue and reading at which a count changed, the first reading of the queue included. Counts hold until the queue''s next row or its end; a reading that changed no count writes none. No personal data. The counts add up to numbers (a constraint).';
COMMENT ON COLUMN allo.queue_snapshots.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_snapshots.user_id IS 'Who held the queue at that reading.';
COMMENT ON COLUMN allo.queue_snapshots.observed_at IS 'Observed: end of the reading.';
COMMENT ON COLUMN allo.queue_snapshots.pass_id IS 'The pass of the reading.';
COMMENT ON COLUMN allo.queue_snapshots.numbers IS 'Numbers in the queue.';
COMMENT ON COLUMN allo.queue_snapshots.remaining IS 'Numbers not called yet.';
COMMENT ON COLUMN allo.queue_snapshots.in_progress IS 'Numbers with a call but no result.';
COMMENT ON COLUMN allo.queue_snapshots.connected IS 'Numbers whose call was answered or transferred, and no machine is known of: Allo''s connected.';
COMMENT ON COLUMN allo.queue_snapshots.voicemail IS 'Numbers whose call reached a machine, or where a voicemail was left.';
COMMENT ON COLUMN allo.queue_snapshots.not_reached IS 'Numbers whose call did not get through, with a reason.';
COMMENT ON COLUMN allo.queue_snapshots.failed IS 'Numbers whose call failed or was blocked.';
COMMENT ON COLUMN allo.queue_snapshots.other IS 'Numbers with any other routing_result.';
COMMENT ON COLUMN allo.queue_snapshots.api_total_count IS 'How many numbers the API announced. Null: it announced nothing.';
COMMENT ON COLUMN allo.queue_snapshots.definition_version IS 'Version of the rules of allo.number_outcome the counts were made by.';

COMMENT ON TABLE allo.reading_gaps IS
  'One row per stretch, now over, in which a teammate was not read for longer than two intervals, or was not on the team. Between two gaps the readings followed each other as scheduled. What was deleted with old readings (RETAIN_READS_DAYS) stays known here.';
COMMENT ON COLUMN allo.reading_gaps.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.reading_gaps.gap_from IS 'Observed: end of the last reading before the gap.';
COMMENT ON COLUMN allo.reading_gaps.gap_to IS 'Observed: end of the first reading after it.';
COMMENT ON COLUMN allo.reading_gaps.team_id IS 'Team of the teammate.';
COMMENT ON COLUMN allo.reading_gaps.reason IS 'Status of the last reading in the gap that gave nothing (torn, not_found, forbidden, rate_limited, error, skipped); not_read: there was none, since no pass ran.';
