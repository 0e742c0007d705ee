-- Comments on the history in schema allo: what was valid, and from when until when.

COMMENT ON TABLE allo.queue_entries IS
  'One row per entry: one period in which a number is in a queue, from the first reading that showed it to the first that did not. A number that returns with the same created_at continues its entry. A number twice in a queue has two entries. The identity is not the position: a number that moved is still the same entry.';
COMMENT ON COLUMN allo.queue_entries.entry_id IS 'The mirror''s own id of the entry.';
COMMENT ON COLUMN allo.queue_entries.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_entries.number_to IS 'The phone number as the API sends it. Null: the API sent none, or the number was erased (number_key shows which), or it is suppressed.';
COMMENT ON COLUMN allo.queue_entries.source_created_at IS 'Source: when the number was added to the queue (created_at of queue_numbers).';
COMMENT ON COLUMN allo.queue_entries.first_seen_at IS 'Observed: end of the reading that first showed it.';
COMMENT ON COLUMN allo.queue_entries.last_seen_at IS 'Observed: end of the last reading that showed it, set when it is not shown any more. Null: as far as known, it is still in the queue.';
COMMENT ON COLUMN allo.queue_entries.removed_at IS 'Observed: end of the first reading that did not show it, or ended_at of its queue. Null: still in the queue, or unobservable.';
COMMENT ON COLUMN allo.queue_entries.removal_reason IS 'deleted: removed, and the queue continued. queue_replaced, queue_gone: the queue ended (see queues.end_reason). unobservable: the queue''s holder is not on the team any more, so what happened after last_seen_at is unknown. Null: as far as known, it is still in the queue.';
COMMENT ON COLUMN allo.queue_entries.first_dialled_at IS 'Earliest dial of this entry in dials: its dialled_at (source) or, if the API sent none, when the dial was first seen (observed). Null: dial_count is 0.';
COMMENT ON COLUMN allo.queue_entries.last_dialled_at IS 'Latest dial of this entry in dials, by the same rule. Null: dial_count is 0.';
COMMENT ON COLUMN allo.queue_entries.dial_count IS 'Dials of this entry ever seen: its rows in dials. A number with a result but without call_start_date and call_id adds none. A call_id that another entry had first belongs to that entry.';
COMMENT ON COLUMN allo.queue_entries.outcome IS 'Outcome of its fields at the last reading that showed it, by allo.number_outcome. For the outcome of each dial see dials.';
COMMENT ON COLUMN allo.queue_entries.number_key IS 'Identifies a number without showing it: the first 128 bits, in hexadecimal, of its HMAC-SHA-256 under NUMBER_KEY. The same for the same number, also after RETAIN_NUMBERS_DAYS erased the number. Some keys are random and can''t be linked to a number: forgotten-… after forget (keys that were equal stay equal), erased-… if the number was erased without a NUMBER_KEY or the key was retired later. Null: NUMBER_KEY is not set, the API sent no number, or it is suppressed.';

COMMENT ON TABLE allo.queue_number_versions IS
  'One row per version of an entry: its fields from valid_from until just before valid_to. Intervals are half-open; each entry and each position has at most one open version. State at a moment T: valid_from <= T and (valid_to > T or valid_to is null). A gap between two versions of an entry means that it was not in the queue, or could not be observed. number_to and source_created_at never change, so they are in queue_entries. A new updated_at or extra alone makes no version; a new position does.';
COMMENT ON COLUMN allo.queue_number_versions.entry_id IS 'The entry: see queue_entries.';
COMMENT ON COLUMN allo.queue_number_versions.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_number_versions.position IS 'The API''s position in the queue, from 0.';
COMMENT ON COLUMN allo.queue_number_versions.call_start_date IS 'Source: when the latest call to this number began.';
COMMENT ON COLUMN allo.queue_number_versions.call_id IS 'The API''s id of the latest call.';
COMMENT ON COLUMN allo.queue_number_versions.routing_result IS 'Result of the call, as the API sends it. Null: no result yet.';
COMMENT ON COLUMN allo.queue_number_versions.sync_status IS 'NOT_SYNCED, PROCESSING, SYNCED, or a word the API adds. It is about the contact in Allo, never about the call.';
COMMENT ON COLUMN allo.queue_number_versions.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';
COMMENT ON COLUMN allo.queue_number_versions.not_reached_destination_reason IS 'Why the call did not get through, as the API sends it. Null: it did, or it is not known yet.';
COMMENT ON COLUMN allo.queue_number_versions.voicemail_left IS 'Whether a voicemail was left. Null: not known.';
COMMENT ON COLUMN allo.queue_number_versions.valid_from IS 'Observed: end of the reading that first showed this version.';
COMMENT ON COLUMN allo.queue_number_versions.valid_to IS 'Observed: end of the reading that showed other values or no longer showed the number, or ended_at of its queue, or when the queue became unobservable. Null: open, as last read.';
COMMENT ON COLUMN allo.queue_number_versions.changed_after IS 'Observed: start of the previous reading of this queue. The change happened after that, and at valid_from at the latest. Null: this version was in the first reading of the queue, so nothing is known about the time before.';
COMMENT ON COLUMN allo.queue_number_versions.end_reason IS 'Null with valid_to: the next version followed. deleted: removed, and the queue continued. queue_replaced, queue_gone: the queue ended. unobservable: the queue''s holder is not on the team any more, so what happened is unknown. Null without valid_to: open.';
COMMENT ON COLUMN allo.queue_number_versions.later_removed_at IS 'Observed: when the entry, unobservable since valid_to, was found to be removed, if it came back afterwards. While it is away, queue_entries.removed_at has it. Null: no such removal.';
COMMENT ON COLUMN allo.queue_number_versions.later_removal_reason IS 'Why it was removed then: deleted, queue_replaced or queue_gone, as in queue_entries.removal_reason. Null: no such removal.';
COMMENT ON COLUMN allo.queue_number_versions.is_reopened IS 'True: the entry had ended, and returned with this version. Null: not known, because a worker of an older version wrote it.';

COMMENT ON TABLE allo.dials IS
  'One row per dial of an entry. A dial is matched by its call_id or by its start, whichever is known first, and updated while the call continues. Another call to the same number makes another row. If a dial was overwritten by the next one between two readings, it was not seen.';
COMMENT ON COLUMN allo.dials.dial_id IS 'The mirror''s own id of the dial.';
COMMENT ON COLUMN allo.dials.team_id IS 'Team whose key showed the dial.';
COMMENT ON COLUMN allo.dials.entry_id IS 'The entry that first showed the dial.';
COMMENT ON COLUMN allo.dials.queue_id IS 'Queue of that entry.';
COMMENT ON COLUMN allo.dials.user_id IS 'Holder of the queue at the reading that first showed the dial. For a dial just before a reassignment this may be the new holder.';
COMMENT ON COLUMN allo.dials.position IS 'Position of the number at the reading that first showed the dial.';
COMMENT ON COLUMN allo.dials.call_id IS 'The API''s id of the call; use it with Allo''s conversations. Unique within a team. Null: not shown yet.';
COMMENT ON COLUMN allo.dials.dialled_at IS 'Source: call_start_date of the number. Null: the API sent a call_id without it; then first_seen_at is the best approximation.';
COMMENT ON COLUMN allo.dials.routing_result IS 'Result of the call, as the API sends it. Null: no result yet.';
COMMENT ON COLUMN allo.dials.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';
COMMENT ON COLUMN allo.dials.not_reached_destination_reason IS 'Why the call did not get through, as the API sends it. Null: it did, or it is not known yet.';
COMMENT ON COLUMN allo.dials.voicemail_left IS 'Whether a voicemail was left. Null: not known.';
COMMENT ON COLUMN allo.dials.outcome IS 'Outcome of these fields as last shown, by allo.number_outcome. in_progress: no result was seen, because the call continues, or the number was dialled again or removed first.';
COMMENT ON COLUMN allo.dials.first_seen_at IS 'Observed: end of the reading that first showed the dial.';
COMMENT ON COLUMN allo.dials.changed_after IS 'Observed: start of the previous reading of its queue. The dial appeared after that, and at first_seen_at at the latest. Null: it was in the first reading of the queue.';
COMMENT ON COLUMN allo.dials.last_changed_at IS 'Observed: end of the reading that last changed this row.';

COMMENT ON TABLE allo.queue_versions IS
  'One row per version of a queue''s settings. Intervals are half-open; each queue has at most one open version. A new updated_at or extra alone makes no version. A gap between two versions means that the queue had ended or could not be observed.';
COMMENT ON COLUMN allo.queue_versions.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_versions.name IS 'Name of the queue.';
COMMENT ON COLUMN allo.queue_versions.creator_id IS 'The teammate who created the queue.';
COMMENT ON COLUMN allo.queue_versions.assignee_id IS 'The teammate that the API named as assignee.';
COMMENT ON COLUMN allo.queue_versions.voicemail_handling IS 'SKIP or NO_SKIP, or a word the API adds.';
COMMENT ON COLUMN allo.queue_versions.do_not_disturb IS 'ENABLED or DISABLED, or a word the API adds.';
COMMENT ON COLUMN allo.queue_versions.valid_from IS 'Observed: end of the reading that first showed this version.';
COMMENT ON COLUMN allo.queue_versions.valid_to IS 'Observed: end of the reading that showed other settings, or ended_at of the queue, or when the queue became unobservable. Null: open, as last read.';
COMMENT ON COLUMN allo.queue_versions.changed_after IS 'Observed: start of the previous reading of this queue. The change happened after that, and at valid_from at the latest. Null: the first reading of the queue.';
COMMENT ON COLUMN allo.queue_versions.end_reason IS 'Null with valid_to: the next version followed. queue_replaced, queue_gone: the queue ended. unobservable: its holder is not on the team any more, so what happened is unknown. Null without valid_to: open.';

COMMENT ON TABLE allo.queue_assignments IS
  'One row per period in which a teammate held a queue, or was seen without one. Intervals are half-open; each teammate and each queue has at most one open row. Attribute history to teammates by this table, not by queues.user_id, which is only the last holder.';
COMMENT ON COLUMN allo.queue_assignments.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.queue_assignments.queue_id IS 'The queue they held. Null: they were seen without one.';
COMMENT ON COLUMN allo.queue_assignments.valid_from IS 'Observed: end of the reading that first showed it.';
COMMENT ON COLUMN allo.queue_assignments.valid_to IS 'Observed: end of the reading that first showed another state. If that reading showed no queue, a second reading had to confirm it. Null: open, as last known.';
COMMENT ON COLUMN allo.queue_assignments.changed_after IS 'Observed: start of the previous reading of this teammate. The change happened after that, and at valid_from at the latest. Null: their first reading.';
COMMENT ON COLUMN allo.queue_assignments.end_reason IS 'Null with valid_to: a reading of this teammate, or of the new holder, showed another state; whether and why the queue ended is in queues.end_reason. queue_replaced, queue_gone: the queue ended without such a reading. unobservable: the teammate is not on the team any more. Null without valid_to: open.';
COMMENT ON COLUMN allo.queue_assignments.missing_since IS 'Internal. Observed: end of the first reading that showed this holder without a queue. If a second reading confirms it, a new row begins there. Null: no such reading.';
COMMENT ON COLUMN allo.queue_assignments.missing_after IS 'Internal. Observed: start of the reading before missing_since. It becomes changed_after of the new row.';

COMMENT ON TABLE allo.queue_snapshots IS
  'One row per queue and reading at which a count changed, the first reading of the queue included. Counts are valid until the queue''s next row or its end. No personal data. The counts add up to numbers (a constraint).';
COMMENT ON COLUMN allo.queue_snapshots.queue_id IS 'The queue.';
COMMENT ON COLUMN allo.queue_snapshots.user_id IS 'Holder of the queue at that reading.';
COMMENT ON COLUMN allo.queue_snapshots.observed_at IS 'Observed: end of the reading.';
COMMENT ON COLUMN allo.queue_snapshots.pass_id IS 'The pass of the reading. Null: a look saw the change between two readings.';
COMMENT ON COLUMN allo.queue_snapshots.numbers IS 'Numbers in the queue.';
COMMENT ON COLUMN allo.queue_snapshots.remaining IS 'Numbers not called yet.';
COMMENT ON COLUMN allo.queue_snapshots.in_progress IS 'Numbers with a call but no result.';
COMMENT ON COLUMN allo.queue_snapshots.connected IS 'Numbers whose call was answered or transferred, and no machine was detected: connected in Allo''s sense.';
COMMENT ON COLUMN allo.queue_snapshots.voicemail IS 'Numbers whose call reached a machine, or where a voicemail was left.';
COMMENT ON COLUMN allo.queue_snapshots.not_reached IS 'Numbers whose call did not get through, with a reason.';
COMMENT ON COLUMN allo.queue_snapshots.failed IS 'Numbers whose call failed or was blocked.';
COMMENT ON COLUMN allo.queue_snapshots.other IS 'Numbers with any other routing_result.';
COMMENT ON COLUMN allo.queue_snapshots.api_total_count IS 'Number of numbers that the API announced. Null: it announced none.';
COMMENT ON COLUMN allo.queue_snapshots.definition_version IS 'Version of the rules of allo.number_outcome that the counts were made with.';

COMMENT ON TABLE allo.reading_gaps IS
  'One row per past period in which a teammate was not read for longer than two intervals, or was not on the team. Outside these periods the readings came as scheduled. Rows stay when old readings are deleted (RETAIN_READS_DAYS).';
COMMENT ON COLUMN allo.reading_gaps.user_id IS 'The teammate.';
COMMENT ON COLUMN allo.reading_gaps.gap_from IS 'Observed: end of the last reading before the gap.';
COMMENT ON COLUMN allo.reading_gaps.gap_to IS 'Observed: end of the first reading after the gap.';
COMMENT ON COLUMN allo.reading_gaps.team_id IS 'Team of the teammate.';
COMMENT ON COLUMN allo.reading_gaps.reason IS 'Status of the last unsuccessful reading in the gap (torn, not_found, forbidden, rate_limited, error, skipped); not_read: there was none, because no pass ran.';
