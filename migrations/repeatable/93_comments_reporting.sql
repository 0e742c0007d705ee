-- What an analyst reads of each view, function and column: in psql, Metabase, Superset and reporting.data_dictionary.

COMMENT ON SCHEMA reporting IS 'Allo Power Dialer queues for reports. Views only; no raw phone number. *_at are instants, as of the last reading; day, *_date, weekday and hour are local to REPORT_TIME_ZONE; *_seconds are seconds; *_rate are shares from 0 to 1, null when there is nothing to divide by, and stand beside what they divide by. Names and performance of teammates are employee data. Talk time, conversations (over a minute) and conversions (tags) are not here: the queue endpoint of Allo does not tell them.';
COMMENT ON SCHEMA reporting_pii IS 'What schema reporting leaves out: raw phone numbers, for those granted.';
COMMENT ON VIEW reporting.teams IS 'One row per team. As of when is all this, in which time zone, for how many teammates?';
COMMENT ON VIEW reporting.teammates IS 'One row per teammate ever listed. Who holds a queue now, who has none, of whom is it not known, and what is left?';
COMMENT ON VIEW reporting.queues IS 'One row per queue ever seen. How far did it get (funnel, penetration), how fast, how did it end, and what was thrown away?';
COMMENT ON VIEW reporting.current_numbers IS 'One row per number in a queue that is current now, in dialling order. What is left to call, and how long has it waited?';
COMMENT ON VIEW reporting.number_entries IS 'One row per stay of a number in a queue, ended ones included. When did it come, what became of it, when and why did it leave?';
COMMENT ON VIEW reporting.dials IS 'One row per dial that was seen. Who dialled when, and what came of it? A number that appeared, was dialled and vanished between two readings was never seen.';
COMMENT ON VIEW reporting.queue_burndown IS 'One row per queue and reading at which one of its counts changed; it holds until valid_until. How did a queue burn down, and where do we not know?';
COMMENT ON VIEW reporting.daily_activity IS 'One row per teammate and local day, from the first day known to the last one read, days without dials included. How much was dialled, with which result? Days have 23 or 25 hours when the clock changes.';
COMMENT ON VIEW reporting.activity_heatmap IS 'One row per teammate, weekday and local hour (168 each, zeros included) over the 28 days before data_as_of of the team. When are people reached? Read the rate only where resolved_dials is 10 or more.';
COMMENT ON VIEW reporting.leaderboard_7d IS 'One row per teammate: the 7 days before data_as_of of the team, and the 7 days before those. Who dialled how much? Rank by counts; rates of few dials are chance.';
COMMENT ON VIEW reporting.number_history IS 'One row per version of a number in a queue: it was so from valid_from until just before valid_to. What was known when?';
COMMENT ON VIEW reporting.number_changes IS 'One row per change, derived from number_history. What came, left, moved or got a result between two moments? added + reappeared - removed = numbers in queues that have not ended and whose holder is on the team. A move is not a change, nor is a touch of updated_at.';
COMMENT ON VIEW reporting.queue_assignments IS 'One row per stretch in which a teammate held one queue, or was seen without any. Who held which queue when? Where there is no row, it is not known.';
COMMENT ON VIEW reporting.queue_history IS 'One row per version of a queue''s settings. When was it renamed, reassigned, reconfigured?';
COMMENT ON VIEW reporting.requeued_numbers IS 'One row per number that was in queues more than once: its newest stay, and what came before. Who is called again, and was reached already? Numbers are compared by themselves or, once erased, by number_key.';
COMMENT ON VIEW reporting.removed_uncalled IS 'One row per stay that ended without a call, of a number that was in no queue afterwards. Who was never called? An erased number without number_key cannot be seen coming back.';
COMMENT ON VIEW reporting.stale_numbers IS 'One row per number in a current queue that has waited longer than 7 days without a call, as of the last reading. Who is forgotten?';
COMMENT ON VIEW reporting.data_freshness IS 'One row per teammate on the team. How old is what we know, now? The only view that looks at the clock.';
COMMENT ON VIEW reporting.coverage_gaps IS 'One row per stretch in which a teammate was not read for longer than two intervals, or was not on the team. When do we know nothing, and why?';
COMMENT ON VIEW reporting.sync_passes IS 'One row per pass of the mirror over the team. When did it run, was everyone read, what did it cost? Counts of readings are null or zero once old readings are deleted.';
COMMENT ON VIEW reporting.data_quality IS 'One row per team and check, as last run. Can the data be trusted?';
COMMENT ON VIEW reporting.outcome_definitions IS 'One row per outcome. What counts as what? The first rule that matches wins; every number has exactly one outcome. sync_status is the making of a contact and never counts.';
COMMENT ON VIEW reporting.data_dictionary IS 'One row per column of these views. What does it mean?';
COMMENT ON VIEW reporting_pii.numbers IS 'One row per stay whose number is still on record. Which number is it? Join by entry_id.';
COMMENT ON FUNCTION reporting.rate IS 'Share from 0 to 1 of counts added up, as in the views; null when there is nothing to divide by.';
COMMENT ON FUNCTION reporting.rate_low IS 'Lower end of its 95 % Wilson interval.';
COMMENT ON FUNCTION reporting.rate_high IS 'Upper end of its 95 % Wilson interval.';
COMMENT ON FUNCTION reporting.queue_as_of IS 'queue_as_of(user_id, at): one row per number in the queue that teammate held at that moment, as far as it had been read. One row without a number instead: answer no_queue (seen without one), unknown (not read around then, or not settled; read_at says since when), or queue (it was empty).';

-- A column name means the same in every view. The exceptions follow below.
DO $comments$
DECLARE
  missing record;
BEGIN
  FOR missing IN
    SELECT c.oid::regclass AS view, a.attname AS name, g.meaning
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN (VALUES
      ('age_seconds', 'Seconds since last_observed_at, by the clock now. Null: never read.'),
      ('api_total_count', 'How many numbers Allo said the queue has (total_count). Null: it did not say.'),
      ('assignee_id', 'The teammate Allo names as assignee of the queue.'),
      ('assignment_state', 'queue, or no_queue: seen without one.'),
      ('call_id', 'Allo''s id of the call. Null: none.'),
      ('call_start_date', 'Source: start of the last call to this number. Null: none.'),
      ('change_type', 'added, reappeared (it had left and is back), changed (of a call), sync_changed (only the making of a contact), moved (only its position), removed.'),
      ('changed_after', 'The change happened after this and at the latest when it was seen: start of the reading before. Null: not known.'),
      ('changed_at', 'Observed: end of the first reading that showed the change.'),
      ('check_name', 'Name of the check.'),
      ('checked', 'How many things were looked at.'),
      ('checked_at', 'Observed: when the check ran.'),
      ('column_name', 'Name of the column.'),
      ('connected', 'How many numbers of the queue have the outcome connected.'),
      ('connected_dials', 'Dials answered by a person.'),
      ('connection_rate', 'Connected dials divided by resolved dials, 0 to 1. Null: no resolved dials.'),
      ('connection_rate_high', 'Upper end of the 95 % Wilson interval of connection_rate.'),
      ('connection_rate_low', 'Lower end of the 95 % Wilson interval of connection_rate.'),
      ('counted_at', 'When the dial counts: dialled_at or, where Allo did not say, when it was first seen.'),
      ('created_at', 'Source: when the number was put into the queue.'),
      ('creator_id', 'The teammate who made the queue.'),
      ('data_as_of', 'Observed: end of the last reading that this row rests on.'),
      ('data_type', 'Type of the column.'),
      ('day', 'Local day in REPORT_TIME_ZONE.'),
      ('definition_version', 'Version of the outcome rules that the counts were made with.'),
      ('detected_outbound_voicemail', 'Allo''s field: a machine was detected.'),
      ('dial_count', 'Dials of this stay, ever.'),
      ('dial_id', 'The mirror''s own id of the dial.'),
      ('dialled', 'Numbers of the queue with any outcome but remaining.'),
      ('dialled_at', 'Source: start of the call. Null: Allo did not say.'),
      ('dialled_date', 'Local day of counted_at.'),
      ('dialled_ever', 'Stays in this queue that were dialled, those that left included.'),
      ('dialled_hour', 'Local hour of counted_at, 0 to 23.'),
      ('dialled_weekday', 'Local weekday of counted_at: 1 Monday to 7 Sunday.'),
      ('dialling_seconds', 'Seconds between dials of a session, all sessions of the day together. The last call of a session counts nothing: its length is not known.'),
      ('dials', 'Dials.'),
      ('do_not_disturb', 'ENABLED or DISABLED, or a word that Allo adds.'),
      ('duration_seconds', 'From start to end. Null: running.'),
      ('email', 'E-mail address, as last listed.'),
      ('end_reason', 'Why it ended: deleted (from a queue that went on), queue_replaced (its holder had a new one), queue_gone (its holder had none), unobservable (its holder is not on the team; nothing is claimed). Null: it did not, or the next version follows.'),
      ('ended_at', 'Observed: when the queue was first seen to be over. Null: it is not, or that is not known.'),
      ('entries', 'Stays of this number, this one included.'),
      ('entry_id', 'The mirror''s own id of a stay of a number in a queue.'),
      ('entry_state', 'in_queue, removed, or unknown (the queue or its holder cannot be observed, or an ending is not settled).'),
      ('error_code', 'Why it stopped or failed, as a word. Null: it did not.'),
      ('error_message', 'The same in words.'),
      ('failed', 'How many numbers of the queue have the outcome failed.'),
      ('failing', 'How many of them are not as they should be.'),
      ('finished_at', 'Observed: end of the pass. Null: running.'),
      ('first_dial_at', 'First dial. Null: none.'),
      ('first_dialled_at', 'First dial of this stay. Null: none.'),
      ('first_ever_seen_at', 'Observed: when the first stay of this number began.'),
      ('first_seen_at', 'Observed: end of the first reading that showed it.'),
      ('gap_from', 'Observed: end of the last reading before the gap.'),
      ('gap_seconds', 'Seconds of it of which nothing is known: before the first reading of the teammate, not read for longer than two intervals, or not on the team. 0: read all along.'),
      ('gap_to', 'Observed: end of the first reading after it. Null: it goes on.'),
      ('has_connected_before', 'A person answered in one of the earlier stays.'),
      ('has_gap', 'Part of the time until valid_until was not read: changes may have been later or earlier than they look.'),
      ('has_number_key', 'Whether number_key is filled (NUMBER_KEY is set).'),
      ('held_seconds', 'From valid_from to valid_to, or to where it is known until.'),
      ('history_from', 'What was before is deleted (RETAIN_HISTORY_DAYS) and not known any more. Null: nothing was deleted.'),
      ('hour', 'Local hour, 0 to 23.'),
      ('in_progress', 'How many numbers of the queue have the outcome in_progress: dialled, no result yet.'),
      ('in_progress_at_end', 'Numbers whose dial had no result when the queue was last read before it ended: what became of them was not seen. Null: not ended.'),
      ('is_connected', 'A person answered.'),
      ('is_day_over', 'The day was over at the last reading; false: its figures still grow.'),
      ('is_dialled', 'Dialled at least once.'),
      ('is_exhausted', 'The queue is current, and nothing remains to be called.'),
      ('is_last', 'The latest row of this queue.'),
      ('is_left_out', 'Left out by configuration: not read on purpose.'),
      ('is_listed', 'On the team, as last listed.'),
      ('is_open', 'It goes on: nothing later is known.'),
      ('is_our_reading', 'Allo does not document these values; this is how we read them.'),
      ('is_picked_up', 'A person or a machine answered.'),
      ('is_resolved', 'It has a result. Rates divide by these.'),
      ('is_stale', 'Older than stale_after_seconds, or never read. Null: left out on purpose.'),
      ('is_unresolved', 'No result 120 minutes after the dial; there will hardly be one.'),
      ('is_whole_team', 'Everyone was to be read; false: some teammates, picked by hand.'),
      ('last_changed_at', 'Observed: end of the last reading that showed something new of this dial.'),
      ('last_dial_at', 'Last dial. Null: none.'),
      ('last_dialled_at', 'Last dial of this stay. Null: none.'),
      ('last_observed_at', 'Observed: end of the last reading that got an answer. Null: none.'),
      ('last_seen_at', 'Observed: end of the last reading that showed it. Null: it is still there.'),
      ('last_try_at', 'Observed: when the last reading was tried.'),
      ('last_try_error_code', 'Why it gave nothing. Null: it did.'),
      ('last_try_status', 'ok, no_queue, or what came instead: torn, not_found, forbidden, rate_limited, error, skipped.'),
      ('left_at', 'Observed: when Allo first said that this teammate is not on the team. Null: not known to have left.'),
      ('meaning', 'What it means.'),
      ('median_seconds_to_first_dial', 'Median over the dialled numbers of the queue, from when a number was put in until its first dial. Null: none.'),
      ('name', 'Name of the team.'),
      ('not_reached', 'How many numbers of the queue have the outcome not_reached.'),
      ('not_reached_destination_reason', 'Allo''s field: why nobody was reached.'),
      ('number_key', 'Stable name of the number that does not show it; equal for equal numbers. Random, as forgotten-… or erased-…, once the number was erased without one. Null: NUMBER_KEY is not set, or the number is suppressed.'),
      ('number_masked', 'Country code and last two digits.'),
      ('number_to', 'The raw phone number.'),
      ('numbers', 'Numbers in the queue, whatever their outcome.'),
      ('numbers_added', 'Numbers that came.'),
      ('numbers_changed', 'Numbers of which a call or the making of a contact changed.'),
      ('numbers_dialled', 'Different stays that were dialled.'),
      ('numbers_ever', 'Stays in this queue, those that left included.'),
      ('numbers_moved', 'Numbers that only moved to another position.'),
      ('numbers_read', 'Numbers in the queues read.'),
      ('numbers_removed', 'Numbers that left a queue that went on.'),
      ('observed_at', 'Observed: end of the reading that showed these counts.'),
      ('other', 'How many numbers of the queue have the outcome other.'),
      ('outcome', 'What became of it, see outcome_definitions.'),
      ('outcome_after', 'Outcome from then on. Null: it left.'),
      ('outcome_before', 'Outcome until then. Null: it was not there.'),
      ('pass_id', 'The mirror''s own id of the pass.'),
      ('penetration_rate', 'dialled_ever divided by numbers_ever, 0 to 1. Null: no numbers.'),
      ('period_from', 'The period begins after this.'),
      ('period_to', 'End of the period: the last reading of the team.'),
      ('picked_up', 'Dials answered by a person or a machine.'),
      ('picked_up_dials', 'Dials answered by a person or a machine.'),
      ('position', 'Position in the queue.'),
      ('position_after', 'Position from then on. Null: it left.'),
      ('position_before', 'Position until then. Null: it was not there.'),
      ('previous_connected', 'Connected dials of the 7 days before the period.'),
      ('previous_connection_rate', 'Connection rate of the 7 days before the period.'),
      ('previous_dials', 'Dials of the 7 days before the period.'),
      ('previous_entry_id', 'The stay before this one.'),
      ('previous_gap_seconds', 'Seconds of the 7 days before the period of which nothing is known; with 604800 there is nothing to compare with.'),
      ('previous_outcome', 'What became of that stay.'),
      ('previous_queue_id', 'Its queue.'),
      ('previous_resolved_dials', 'Resolved dials of the 7 days before the period.'),
      ('priority', 'The rule with the lowest number that matches wins.'),
      ('queue_id', 'Allo''s id of the queue.'),
      ('queue_name', 'Name of the queue.'),
      ('queue_state', 'current, ended, or unknown: its holder was seen without it or is not on the team, and nothing is concluded (yet).'),
      ('reason', 'Status of the last reading in it that gave nothing; not_read: none was tried.'),
      ('remaining', 'How many numbers of the queue were not called.'),
      ('removal_reason', 'Why it left: deleted (from a queue that went on), queue_replaced, queue_gone, unobservable (nothing is claimed). Null: it did not.'),
      ('removed_at', 'Observed: end of the first reading without it. Null: it is there, or that is not known.'),
      ('replaced_by_queue_id', 'The queue its holder had instead.'),
      ('report_time_zone', 'Zone of local days and hours (REPORT_TIME_ZONE).'),
      ('requests', 'Requests to Allo.'),
      ('resolved_dials', 'Dials with a result. Rates divide by these.'),
      ('role', 'Role, as last listed.'),
      ('routing_result', 'Allo''s field: how the call was routed.'),
      ('rule', 'When it applies.'),
      ('schema_name', 'Schema of the view.'),
      ('seconds_in_queue', 'From first_seen_at until it left, or until the last reading.'),
      ('seconds_since_added', 'From when the number was put in until this dial. Null: not known.'),
      ('seconds_since_previous', 'From the beginning of the previous stay until the beginning of this one.'),
      ('seconds_to_first_dial', 'From when the number was put in until its first dial. Null: not dialled, or not known.'),
      ('sentence', 'What was found, and what to do about it.'),
      ('sessions', 'Dialling sessions of this day: a pause of more than 30 minutes ends one, and so does midnight.'),
      ('severity', 'error: do not trust the data. warn: look into it. note: legal, but good to know.'),
      ('stale_after_seconds', 'From this age the data are too old, as configured when the last pass began.'),
      ('started_at', 'Observed: start of the pass.'),
      ('sync_status', 'Allo''s field: the making of a contact. Never progress.'),
      ('sync_status_after', 'sync_status from then on.'),
      ('sync_status_before', 'sync_status until then.'),
      ('team_id', 'The team.'),
      ('teammate_name', 'Name of that teammate, as last listed.'),
      ('teammates', 'How many teammates.'),
      ('teammates_failed', 'Teammates of whom the pass got no queue and no "no queue".'),
      ('teammates_read', 'Teammates who were read.'),
      ('throttled_requests', 'Requests that Allo answered with 429.'),
      ('throttled_seconds', 'Seconds waited because of that.'),
      ('trigger', 'schedule or manual.'),
      ('uncalled_at_end', 'Numbers thrown away uncalled: remaining when the queue was last read before it ended. Null: not ended.'),
      ('unknown_since', 'From here on it is doubted, since one reading said otherwise. Null: it is not.'),
      ('unseen_seconds_before_end', 'From the last reading of the queue to the first without it: what happened in between was not seen. Null: not ended.'),
      ('updated_at', 'Source: when Allo last touched the number.'),
      ('user_id', 'The teammate who held the queue then.'),
      ('valid_from', 'Observed: so from here on.'),
      ('valid_to', 'Observed: until just before this. Null: until now.'),
      ('valid_until', 'The counts hold until here: the next row, the end of the queue, or the last reading.'),
      ('version', 'Version of allo-queue-mirror.'),
      ('view_meaning', 'What one row of the view is, and the question it answers.'),
      ('view_name', 'Name of the view.'),
      ('voicemail', 'How many numbers of the queue have the outcome voicemail.'),
      ('voicemail_handling', 'SKIP or NO_SKIP, or a word that Allo adds.'),
      ('voicemail_left', 'Allo''s field: a message was left.'),
      ('waiting_seconds', 'From when the number was put in until the last reading. Null: it was called.'),
      ('weekday', '1 Monday to 7 Sunday.')
    ) g(name, meaning) ON g.name = a.attname
    WHERE c.relnamespace IN ('reporting'::regnamespace, 'reporting_pii'::regnamespace) AND c.relkind = 'v'
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', missing.view, missing.name, missing.meaning);
  END LOOP;
END
$comments$;

COMMENT ON COLUMN reporting.teams.data_as_of IS 'Observed: end of the last reading of anybody on the team. Null: none yet.';
COMMENT ON COLUMN reporting.teams.teammates_read IS 'Of them, how many were ever read.';
COMMENT ON COLUMN reporting.teammates.user_id IS 'Allo''s id of the teammate.';
COMMENT ON COLUMN reporting.teammates.teammate_name IS 'Name, as last listed.';
COMMENT ON COLUMN reporting.teammates.status IS 'ACTIVE or BLOCKED, as last listed, or a word that Allo adds.';
COMMENT ON COLUMN reporting.teammates.first_seen_at IS 'Observed: when a list first named them.';
COMMENT ON COLUMN reporting.teammates.data_as_of IS 'Observed: end of the last reading of this teammate that got an answer. Null: none.';
COMMENT ON COLUMN reporting.teammates.queue_state IS 'queue (holds one), no_queue (seen without one, twice), unknown (not read, not on the team, or one reading that is not confirmed).';
COMMENT ON COLUMN reporting.teammates.queue_id IS 'The queue they hold. Null unless queue_state is queue.';
COMMENT ON COLUMN reporting.teammates.numbers IS 'Numbers in it. Null unless queue_state is queue.';
COMMENT ON COLUMN reporting.teammates.remaining IS 'Numbers in it that were not called. Null unless queue_state is queue.';
COMMENT ON COLUMN reporting.queues.user_id IS 'The teammate who holds it or held it last.';
COMMENT ON COLUMN reporting.queues.created_at IS 'Source: when the queue was made.';
COMMENT ON COLUMN reporting.queues.numbers_ever IS 'Stays in this queue, those that left included. Null, as are all figures of stays and dials: part of its history was deleted (RETAIN_HISTORY_DAYS).';
COMMENT ON COLUMN reporting.queues.numbers IS 'Numbers in the queue, as last read; at its end, if it ended.';
COMMENT ON COLUMN reporting.number_entries.user_id IS 'The teammate who held the queue when the number was first seen.';
COMMENT ON COLUMN reporting.removed_uncalled.user_id IS 'The teammate who held the queue when the number left.';
COMMENT ON COLUMN reporting.requeued_numbers.outcome IS 'What became of the newest stay so far.';
COMMENT ON COLUMN reporting.current_numbers.user_id IS 'The teammate who holds the queue.';
COMMENT ON COLUMN reporting.stale_numbers.user_id IS 'The teammate who holds the queue.';
COMMENT ON COLUMN reporting.dials.changed_after IS 'The dial appeared after this and at the latest at first_seen_at. Null: not known.';
COMMENT ON COLUMN reporting.daily_activity.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.daily_activity.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.daily_activity.voicemail IS 'Dials answered by a machine.';
COMMENT ON COLUMN reporting.daily_activity.not_reached IS 'Dials that nobody answered.';
COMMENT ON COLUMN reporting.daily_activity.failed IS 'Dials that could not be placed.';
COMMENT ON COLUMN reporting.daily_activity.other IS 'Dials with a result that Allo does not explain.';
COMMENT ON COLUMN reporting.daily_activity.in_progress IS 'Dials without a result, as last read.';
COMMENT ON COLUMN reporting.activity_heatmap.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.activity_heatmap.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.leaderboard_7d.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.leaderboard_7d.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.leaderboard_7d.voicemail IS 'Dials answered by a machine.';
COMMENT ON COLUMN reporting.leaderboard_7d.not_reached IS 'Dials that nobody answered.';
COMMENT ON COLUMN reporting.data_freshness.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.coverage_gaps.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.coverage_gaps.is_open IS 'It goes on: others of the team were read since.';
COMMENT ON COLUMN reporting.coverage_gaps.gap_seconds IS 'How long it is; of one that goes on, until the last reading of anybody on the team.';
COMMENT ON COLUMN reporting.sync_passes.status IS 'running, ok (everyone read), partial (some), failed (nobody).';
COMMENT ON COLUMN reporting.data_quality.status IS 'passed, failed, or skipped: there was nothing to look at.';
COMMENT ON COLUMN reporting.data_dictionary.position IS 'Order of the columns.';
