-- What an analyst reads in psql's \d+, in Metabase and in Superset. Grain first; then what null means, the unit, and
-- which clock. A table created again loses its comments: whoever does that repeats them.
COMMENT ON SCHEMA allo IS
  'A mirror of Allo Power Dialer queues with their history. allo-queue-mirror alone writes here; read freely, change nothing. All instants are timestamptz, on one of two clocks. Observed: when the mirror looked, on this database''s clock. Source: the API''s own time; where the API names no zone, the configured one (UTC unless set). The mirror polls: it sees states, and what appeared and vanished between two readings was never seen. Where a comment says nothing else, null means that the API did not say.';--> statement-breakpoint

COMMENT ON TABLE allo.teams IS
  'One row per Allo team whose API key was used here.';--> statement-breakpoint
COMMENT ON COLUMN allo.teams.team_id IS 'The API''s id of the team. A key without a team stands for a team of its own: key-, then the id the API gives the key or else the key''s fingerprint.';--> statement-breakpoint
COMMENT ON COLUMN allo.teams.name IS 'Name of the team, as the API said last.';--> statement-breakpoint
COMMENT ON COLUMN allo.teams.first_seen_at IS 'Observed: when the API first named this team.';--> statement-breakpoint
COMMENT ON COLUMN allo.teams.last_seen_at IS 'Observed: when the API last named this team. Renewed once per pass.';--> statement-breakpoint

COMMENT ON TABLE allo.teammates IS
  'One row per teammate ever listed by the API, on the team that listed them last. Both lists, active and blocked, are read in every pass. Nobody is ever deleted from here.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.user_id IS 'The API''s id of the teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.team_id IS 'The team that listed this teammate last.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.name IS 'Name, as last listed.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.email IS 'E-mail address, as last listed.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.role IS 'Role, as last listed: ADMIN, MANAGER, MEMBER, or a word the API adds.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.status IS 'ACTIVE or BLOCKED, as last listed, or a word the API adds. It keeps its last value when is_listed is false.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.image_url IS 'Address of the picture, as last listed. Null: none.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, as last listed. Null: none.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.is_listed IS 'Whether the latest lists name this teammate. False does not yet mean that they left: see left_at.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.first_seen_at IS 'Observed: when a list first named this teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.last_seen_at IS 'Observed: when a list last named this teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.left_at IS 'Observed: the first time the API answered that this teammate is not on the team, filled in once a later pass was told the same and no list names them. Null: not known to have left. Cleared when a reading finds them again.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.missing_since IS 'Bookkeeping of the two-pass rule. Observed: the first of the answers, unbroken until now, that this teammate is not on the team. Null: the last answer about them was another one.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.missing_pass_id IS 'Bookkeeping of the two-pass rule: the pass that got the answer of missing_since.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.last_read_started_at IS 'Observed: when the last applied reading of this teammate began. Applied are those with the status ok, no_queue or not_found. Null: none yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.teammates.last_observed_at IS 'Observed: when the last applied reading of this teammate ended. How fresh the mirror is for them. Null: none yet.';--> statement-breakpoint

COMMENT ON TABLE allo.queues IS
  'One row per queue ever seen, ended ones included, as last seen. A queue is current (is_current true), ended (false), or unknown (null). An ending is believed only when a later pass agrees: a queue whose holder is seen without it is unknown from the end of that pass, and ends, dated back to that first observation, when a later pass has read everyone and nobody holds it.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.queue_id IS 'The API''s id of the queue. It stays the same when the queue goes to another teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.team_id IS 'Team of the teammate who was seen with it last.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.user_id IS 'The teammate who was seen with it last: the holder, while the queue is current. For who held it earlier see queue_assignments.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.name IS 'Name of the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.creator_id IS 'The teammate who made the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.assignee_id IS 'The teammate the API names as assignee. Null is legal; user_id always says who was asked.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.voicemail_handling IS 'SKIP or NO_SKIP, or a word the API adds.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.do_not_disturb IS 'ENABLED or DISABLED, or a word the API adds.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.created_at IS 'Source: when the queue was made.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.updated_at IS 'Source: when the queue was last updated, as of the last reading. It may move alone; that is no change to queue_versions.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, as last read. Null: none.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.is_current IS 'True: seen with user_id at the last reading of it. False: ended. Null: unknown, because its holder was seen without it, or is not on the team any more, and nothing is concluded (yet).';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.first_seen_at IS 'Observed: end of the reading that first showed this queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.ended_at IS 'Observed: end of the first reading that showed its holder without it. Null: not ended, or unknown. Cleared when the queue comes back; the gap stays in the versions.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.end_reason IS 'queue_replaced: its holder had another queue at ended_at. queue_gone: its holder had none. Null: not ended, or unknown. A queue nobody can observe keeps null: nothing is claimed.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.replaced_by_queue_id IS 'The queue its holder had instead at ended_at. Null unless end_reason is queue_replaced.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.numbers IS 'How many rows queue_numbers has for this queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.last_read_started_at IS 'Observed: when the last reading that showed this queue began.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.last_observed_at IS 'Observed: when the last reading that showed this queue ended. It grows with every reading, also where nothing changed.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.missing_since IS 'Bookkeeping of the two-pass rule. Observed: end of the first reading that showed its holder without it; ended_at, if it comes to that. Null: not missed since it was last seen.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.missing_replaced_by_queue_id IS 'Bookkeeping of the two-pass rule: the queue the holder had instead at missing_since. Null: none.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.unknown_since IS 'Bookkeeping of the two-pass rule. Observed: when a finished pass left this queue unknown. It stays after an ending, until the queue is seen again.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.held_back_passes IS 'Bookkeeping of the two-pass rule: how many passes since then could not read every teammate, and so proved nothing. After three of them the next one ends the queue all the same.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.unobservable_since IS 'Observed: when its holder was first answered to be not on the team, filled in once a later pass was told the same. Its versions end there. Null: not the case since the queue was last seen.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.membership_digest IS 'Bookkeeping: digest of position, number_to and created_at of all numbers, to prove that two walks over the queue agree. No meaning outside the program.';--> statement-breakpoint
COMMENT ON COLUMN allo.queues.content_digest IS 'Bookkeeping: digest of everything in all numbers, so that an unchanged queue causes no write. No meaning outside the program.';--> statement-breakpoint

COMMENT ON TABLE allo.queue_numbers IS
  'One row per slot (position) of a queue, as the last complete reading of that queue showed it. CAREFUL: THE NUMBERS OF ENDED AND UNKNOWN QUEUES ARE IN HERE TOO. For the numbers that stand in a queue now: join allo.queues using (queue_id) where is_current. A number removed from a current queue leaves this table (queue_entries keeps it); the last rows of an ended queue stay. Never count this table without that join.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.queue_id IS 'The queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.position IS 'The API''s position in the queue, from 0. Gaps are legal, and a position may be used again: identity is entry_id.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.entry_id IS 'The stay of this number in the queue: see queue_entries.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.number_to IS 'The phone number as the API sends it, E.164 as documented. It may stand in a queue more than once.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.created_at IS 'Source: when the number was added to the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.updated_at IS 'Source: when the number was last updated. It may move alone; that is no change.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.call_start_date IS 'Source: when the holder began calling this number, the latest time. Null: not called yet, or the API did not say.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.call_id IS 'The API''s id of the latest call. Null: no call placed yet, or the API did not say.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.routing_result IS 'What became of the call, in the API''s word: FAILED, RECEIVED, BLOCKED, ANSWERED, TRANSFERRED_BLAND, TRANSFERRED_ELEVEN_LABS, TRANSFERRED_EXTERNAL, FAILED_EXTERNAL, VOICEMAIL, CLOSED, or a word the API adds. Null: nothing yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.sync_status IS 'NOT_SYNCED, PROCESSING, SYNCED, or a word the API adds. About the contact in Allo, never about the call.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.not_reached_destination_reason IS 'Why the call did not get through: BUSY, CALLEE_TEMPORARILY_UNAVAILABLE, RING_TIMEOUT, NOT_IN_SERVICE, DECLINED, NETWORK_ERROR, or a word the API adds. Null: it did, or nothing is known yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.voicemail_left IS 'Whether a voicemail was left. Null: not known.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.extra IS 'Fields of the API without a column here, and values whose type was not the documented one, of the last reading only. Null: none.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_numbers.row_digest IS 'Bookkeeping: digest of everything in this row, to find the slots that differ. No meaning outside the program.';--> statement-breakpoint

COMMENT ON TABLE allo.queue_entries IS
  'One row per stay of a number in a queue, from the first reading that showed it to the one that did not. A number that comes back with the same created_at continues its entry; a number twice in a queue is two entries. Identity is not the position: a number that moved is still the same entry.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.entry_id IS 'The mirror''s own id of the stay.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.queue_id IS 'The queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.number_to IS 'The phone number as the API sends it.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.source_created_at IS 'Source: when the number was added to the queue (created_at of queue_numbers).';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.first_seen_at IS 'Observed: end of the reading that first showed it.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.last_seen_at IS 'Observed: end of the last reading that showed it, filled in when it is not shown any more. Null: as far as is known it still stands in the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.removed_at IS 'Observed: end of the first reading that did not show it, or ended_at of its queue. Null: still there, or unobservable.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.removal_reason IS 'deleted: the queue went on without it. queue_replaced, queue_gone: the queue ended (see queues.end_reason). unobservable: its queue''s holder is not on the team any more, so nothing is known after last_seen_at and nothing is claimed. Null: as far as is known it still stands in the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.first_dialled_at IS 'Earliest dial of this entry in dials: its dialled_at (source) or, where the API gave none, when we first saw the dial (observed). Null: dial_count is 0.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.last_dialled_at IS 'Latest dial of this entry in dials, by the same rule. Null: dial_count is 0.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.dial_count IS 'Dials of this entry ever seen: the rows it has in dials. A number that shows a result but neither call_start_date nor call_id adds none, and a call_id that another entry showed before stays with that one.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_entries.outcome IS 'Outcome of its fields at the last reading that showed it, by allo.number_outcome. Not the outcome of every dial: for that see dials.';--> statement-breakpoint

COMMENT ON TABLE allo.queue_number_versions IS
  'One row per version of an entry: what its fields were from valid_from until just before valid_to. Half-open intervals, at most one open version per entry and per slot. As of a moment T: valid_from <= T and (valid_to > T or valid_to is null). Between versions of one entry there may be a gap: it was not in the queue, or could not be observed. number_to and source_created_at never change and stand in queue_entries. A changed updated_at or extra alone makes no version; a changed position does.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.entry_id IS 'The stay: see queue_entries.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.queue_id IS 'The queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.position IS 'The API''s position in the queue, from 0.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.call_start_date IS 'Source: when the holder began calling this number, the latest time.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.call_id IS 'The API''s id of the latest call.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.routing_result IS 'What became of the call, in the API''s word. Null: nothing yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.sync_status IS 'NOT_SYNCED, PROCESSING, SYNCED, or a word the API adds. About the contact in Allo, never about the call.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.not_reached_destination_reason IS 'Why the call did not get through, in the API''s word. Null: it did, or nothing is known yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.voicemail_left IS 'Whether a voicemail was left. Null: not known.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.valid_from IS 'Observed: end of the reading that first showed this version.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.valid_to IS 'Observed: end of the reading that showed it otherwise or not at all, ended_at of its queue, or when the queue became unobservable. Null: open, the version as last read.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.changed_after IS 'Observed: start of the reading of this queue before. The change happened after that, and at valid_from at the latest. Null: this version stood in the first reading of the queue, and nothing is known of the time before.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_number_versions.end_reason IS 'Null with valid_to: superseded by the next version. deleted: removed from a queue that went on. queue_replaced, queue_gone: the queue ended. unobservable: the queue''s holder is not on the team any more; nothing more is known and nothing is claimed. Null without valid_to: open.';--> statement-breakpoint

COMMENT ON TABLE allo.dials IS
  'One row per dial of an entry. A row is known again by its call_id or by its start, whichever comes first, and is kept up to date while the call goes on; calling the same number again makes another row. A dial that began and was overwritten by the next between two readings was never seen.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.dial_id IS 'The mirror''s own id of the dial.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.team_id IS 'Team whose key showed the dial.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.entry_id IS 'The entry that showed the dial first.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.queue_id IS 'Queue of that entry.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.user_id IS 'Who held the queue at the reading that first showed the dial. For a dial just before a change of holders that may be the new one.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.position IS 'Position of the number at the reading that first showed the dial.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.call_id IS 'The API''s id of the call; the key to Allo''s conversations. Unique within a team. Null: not shown yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.dialled_at IS 'Source: call_start_date of the number. Null: the API showed a call_id without one; then first_seen_at is the nearest there is.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.routing_result IS 'What became of the call, in the API''s word. Null: nothing yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.detected_outbound_voicemail IS 'Whether a machine answered. Null: not known.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.not_reached_destination_reason IS 'Why the call did not get through, in the API''s word. Null: it did, or nothing is known yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.voicemail_left IS 'Whether a voicemail was left. Null: not known.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.outcome IS 'Outcome of these fields as last shown, by allo.number_outcome. in_progress: no result was shown; the call goes on, or the number was dialled again or left the queue first.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.first_seen_at IS 'Observed: end of the reading that first showed the dial.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.changed_after IS 'Observed: start of the reading of its queue before that one. The dial appeared in between. Null: it stood in the first reading of the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.dials.last_changed_at IS 'Observed: end of the reading that last changed this row.';--> statement-breakpoint

COMMENT ON TABLE allo.queue_versions IS
  'One row per version of a queue''s settings. Half-open intervals, at most one open version per queue. A changed updated_at or extra alone makes no version. A gap between two versions: the queue had ended or could not be observed.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.queue_id IS 'The queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.name IS 'Name of the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.creator_id IS 'The teammate who made the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.assignee_id IS 'The teammate the API named as assignee.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.voicemail_handling IS 'SKIP or NO_SKIP, or a word the API adds.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.do_not_disturb IS 'ENABLED or DISABLED, or a word the API adds.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.valid_from IS 'Observed: end of the reading that first showed this version.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.valid_to IS 'Observed: end of the reading that showed it otherwise, ended_at of the queue, or when the queue became unobservable. Null: open, the version as last read.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.changed_after IS 'Observed: start of the reading of this queue before. The change happened after that, and at valid_from at the latest. Null: the first reading of the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_versions.end_reason IS 'Null with valid_to: superseded by the next version. queue_replaced, queue_gone: the queue ended. unobservable: its holder is not on the team any more; nothing is claimed. Null without valid_to: open.';--> statement-breakpoint

COMMENT ON TABLE allo.queue_assignments IS
  'One row per stretch in which a teammate held a queue, or was seen without one. Half-open intervals, at most one open stretch per teammate and per queue. Attribute history by this table, not by queues.user_id, which is the last holder only.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.user_id IS 'The teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.queue_id IS 'The queue they held. Null: they were seen without one.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.valid_from IS 'Observed: end of the reading that first showed it.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.valid_to IS 'Observed: end of the reading that first showed otherwise; where it showed no queue, once a second reading agreed. Null: open, as last known.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.changed_after IS 'Observed: start of the reading of this teammate before. The change happened after that, and at valid_from at the latest. Null: their first reading.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.end_reason IS 'Null with valid_to: a reading showed something else, of this teammate or of who has the queue now; whether and why the queue ended is in queues.end_reason. queue_replaced, queue_gone: the queue ended without such a reading. unobservable: the teammate is not on the team any more. Null without valid_to: open.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.missing_since IS 'Bookkeeping. Observed: end of one reading that showed this holder without a queue; a second one makes it a stretch of its own from there. Null: not doubted.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_assignments.missing_after IS 'Bookkeeping. Observed: start of the reading before that one; changed_after of the stretch it may become.';--> statement-breakpoint

COMMENT ON TABLE allo.queue_snapshots IS
  'One row per queue and reading at which a count changed, the first reading of the queue included. Counts hold until the queue''s next row or its end; a reading that changed no count writes none. No personal data. The counts add up to numbers (a constraint).';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.queue_id IS 'The queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.user_id IS 'Who held the queue at that reading.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.observed_at IS 'Observed: end of the reading.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.pass_id IS 'The pass of the reading.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.numbers IS 'Numbers in the queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.remaining IS 'Numbers not called yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.in_progress IS 'Numbers with a call but no result.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.connected IS 'Numbers whose call was answered or transferred, and no machine is known of: Allo''s connected.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.voicemail IS 'Numbers whose call reached a machine, or where a voicemail was left.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.not_reached IS 'Numbers whose call did not get through, with a reason.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.failed IS 'Numbers whose call failed or was blocked.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.other IS 'Numbers with any other routing_result.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.api_total_count IS 'How many numbers the API announced. Null: it announced nothing.';--> statement-breakpoint
COMMENT ON COLUMN allo.queue_snapshots.definition_version IS 'Version of the rules of allo.number_outcome the counts were made by.';--> statement-breakpoint

COMMENT ON TABLE allo.sync_passes IS
  'One row per pass: one attempt to read the queues of a team''s teammates. The readings themselves are in sync_reads.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.pass_id IS 'The mirror''s own id of the pass; later passes have larger ones.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.team_id IS 'The team.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.trigger IS 'schedule: a worker''s timetable. manual: a person or another tool ran sync.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.is_whole_team IS 'Whether the pass set out to ask the whole team: not with --user, nor when the key was refused at once. Only such a pass can find that nobody holds a queue. Teammates left out by the configuration have a reading with the status skipped.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.status IS 'running. ok: every teammate who was to be asked answered; proves nothing about those skipped by configuration. partial: some answered. failed: nobody did, or the process died (error_code abandoned), in which case what it had read stays and is true.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.started_at IS 'Observed: when the pass began.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.lease_expires_at IS 'Until when a running pass counts as alive; renewed while it runs. A later pass closes one whose lease ran out.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.finished_at IS 'Observed: when the pass ended, or when a later one closed it. Null: running.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.teammates IS 'How many teammates were to be asked, skipped ones not counted. Null: running or abandoned.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.requests IS 'Requests sent to the API for this pass, repeated ones included. Null: running or abandoned.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.throttled IS 'Answers of the API that said to wait (429). Null: running or abandoned.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.throttled_ms IS 'Milliseconds waited because of such answers. Null: running or abandoned.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.surprises IS 'What the API did that its documentation does not mention, once each: a list of objects with where and what. No phone numbers. Null: nothing, running or abandoned.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.error_code IS 'A stable word for why the pass stopped before everyone was asked. Null: it did not stop early. What failed for one teammate is in sync_reads.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.error_message IS 'The same in words.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.error_request_id IS 'The API''s id of the request that failed; Allo''s support asks for it.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_passes.version IS 'Version of allo-queue-mirror that made the pass.';--> statement-breakpoint

COMMENT ON TABLE allo.sync_reads IS
  'One row per pass and teammate: what one reading of that teammate''s queue came to. Only ok, no_queue and not_found are answers; every other status ends nothing and leaves the teammate''s data as they were. A teammate without a row was not reached by that pass.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.pass_id IS 'The pass: see sync_passes.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.user_id IS 'The teammate.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.status IS 'ok: the queue was read whole and is mirrored. no_queue: the API said that they have none. not_found: the API said that they are not on the team. torn: the queue moved under every walk over it, so nothing is concluded. skipped: left out by configuration, or overtaken by a newer reading. rate_limited: the pass was told to wait too long. forbidden: the key was refused. error: anything else, see error_code.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.queue_id IS 'The queue that was read. Null unless ok.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.read_started_at IS 'Observed: before the first request of the walk that counts (of the two where two had to agree). Null: the reading failed or was not asked for.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.observed_at IS 'Observed: after the last answer. The reading is true for a moment between read_started_at and this one. Where the reading failed or was not asked for: when that was recorded.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.walks IS 'How often the queue was walked from its first page. 0: failed or not asked for.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.requests IS 'Requests sent for this reading, repeated ones included.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.throttled IS 'Answers that said to wait (429) to this reading.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.numbers_read IS 'Numbers in the reading; of the last walk if torn. Null: none were read, or the reading was not used.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.numbers_announced IS 'Numbers the API announced. Null unless ok, and if it announced nothing.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.numbers_stored IS 'Numbers the mirror held of this queue after the reading. Null unless ok.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.added IS 'Entries that are new, or came back. Null unless ok.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.changed IS 'Entries whose fields changed, moved or not. sync_status counts, updated_at alone does not. Null unless ok.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.moved IS 'Entries that changed nothing but their position. Null unless ok.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.removed IS 'Entries that left a queue that went on. Numbers of a queue that ends are not counted here. Null unless ok.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.duration_ms IS 'Milliseconds the reading took, waits for its turn included, saving not.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.error_code IS 'A stable word for why there is no answer. Null: ok, no_queue.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.error_message IS 'The same in words, never with a value out of a row.';--> statement-breakpoint
COMMENT ON COLUMN allo.sync_reads.error_request_id IS 'The API''s id of the request that failed; Allo''s support asks for it.';--> statement-breakpoint

COMMENT ON TABLE allo.api_keys IS
  'One row per API key used here, for the read budget that all processes on this database share. No key is in here, only a fingerprint.';--> statement-breakpoint
COMMENT ON COLUMN allo.api_keys.key_fingerprint IS 'The first 16 hexadecimal digits of the key''s SHA-256. It tells two keys apart and gives none away.';--> statement-breakpoint
COMMENT ON COLUMN allo.api_keys.team_id IS 'Team of the key, as the API said last. Null: not told yet.';--> statement-breakpoint
COMMENT ON COLUMN allo.api_keys.paused_until IS 'Observed: until when nobody may read with this key, because the API said to wait. Null, or past: no pause.';--> statement-breakpoint

COMMENT ON TABLE allo.read_slots IS
  'One row per API key: when its next request may be sent. Unlogged, so empty after a crash of the database; nothing is lost by that.';--> statement-breakpoint
COMMENT ON COLUMN allo.read_slots.key_fingerprint IS 'As in api_keys.';--> statement-breakpoint
COMMENT ON COLUMN allo.read_slots.next_slot_at IS 'Observed clock: the next free moment for a request.';--> statement-breakpoint

COMMENT ON TABLE allo.migrations IS
  'One row per migration applied to this schema.';--> statement-breakpoint
COMMENT ON COLUMN allo.migrations.id IS 'Order in which they were applied.';--> statement-breakpoint
COMMENT ON COLUMN allo.migrations.hash IS 'SHA-256 of the migration''s SQL.';--> statement-breakpoint
COMMENT ON COLUMN allo.migrations.created_at IS 'When the migration was written, in milliseconds since 1970-01-01 UTC: which version of the schema this is. Not when it was applied.';
