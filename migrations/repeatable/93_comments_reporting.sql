-- Comments on each view, function and column, for psql, Metabase, Superset and reporting.data_dictionary.

COMMENT ON SCHEMA reporting IS 'Allo Power Dialer queues for reports. Views only, without phone numbers. *_at are instants, as of the last reading. day, *_date, weekday and hour are local to REPORT_TIME_ZONE. *_seconds are seconds. *_rate are between 0 and 1, null if the divisor is 0; the divisor is in a column beside them. Names and performance of teammates are employee data. Talk time, conversations (over a minute) and conversions (tags) are known with CALL_DETAILS=true only, and null otherwise.';
COMMENT ON SCHEMA reporting_pii IS 'What schema reporting leaves out: phone numbers, for logins with that right.';
COMMENT ON VIEW reporting.teams IS 'One row per team. As of when are the data, in which time zone, for how many teammates?';
COMMENT ON VIEW reporting.teammates IS 'One row per teammate ever listed. Who has a queue now, who has none, for whom is it unknown, and what is left?';
COMMENT ON VIEW reporting.queues IS 'One row per queue ever seen. How far did it get (funnel, penetration) and how fast, how did it end, and what was not called? All figures of a queue are with its present or last holder, also those from before it changed hands: to add up dials per teammate use daily_activity. To add up remaining, filter on queue_state.';
COMMENT ON VIEW reporting.current_numbers IS 'One row per number in a current queue, in dialling order. What is left to call, and how long has it waited?';
COMMENT ON VIEW reporting.number_entries IS 'One row per entry: one period in which a number is in a queue, ended ones included. When was it added, what was the result, when and why did it end?';
COMMENT ON VIEW reporting.dials IS 'One row per dial that was seen. Who dialled when, and what was the result? A number that was added, dialled and removed between two readings was not seen.';
COMMENT ON VIEW reporting.queue_burndown IS 'One row per queue and reading or look at which one of its counts changed; valid until valid_until. How did a queue burn down, and where is it unknown? It has a row per change, not per day: never add up its rows by day. For days use queue_daily.';
COMMENT ON VIEW reporting.queue_daily IS 'One row per queue and local day, from the first day on which it was held or dialled to its end or to the last day read; no row for days after its end. What was left at the end of each day, and what came and went? The rows of one day can be added up over queues. Do not add up numbers or remaining_at_end over days. Numbers that left after a call have no column here. Allo''s times decide the day of a dial; when it was seen decides the day of all else.';
COMMENT ON VIEW reporting.daily_activity IS 'One row per teammate and local day, from the first known day to the last day read, days without dials included. How many dials, with which results? Days have 23 or 25 hours when the clock changes.';
COMMENT ON VIEW reporting.activity_heatmap IS 'One row per teammate, weekday and local hour (168 each, zeros included) over the 28 days before data_as_of of the team. At what times do people answer? Use the rate only if resolved_dials is 10 or more. Hours in which the teammate was not read have no dials here either, and rates are of the dials that were seen: leaderboard_7d.gap_seconds and reporting.unread_time(period_from, period_to) say for how long.';
COMMENT ON VIEW reporting.leaderboard_7d IS 'One row per teammate: the 7 days before data_as_of of the team, and the 7 days before those. How much did each teammate dial? Rank by counts; rates of few dials are chance.';
COMMENT ON VIEW reporting.number_history IS 'One row per version of an entry: its state from valid_from until just before valid_to. What was known when?';
COMMENT ON VIEW reporting.number_changes IS 'One row per change, derived from number_history. What was added, removed, moved or dialled between two moments? added + reappeared - removed = numbers in queues that have not ended and whose holder is on the team. A new position or a new updated_at does not count as added or removed.';
COMMENT ON VIEW reporting.queue_assignments IS 'One row per period in which a teammate held one queue, or was seen without any. Who held which queue when? If there is no row, it is unknown.';
COMMENT ON VIEW reporting.queue_history IS 'One row per version of a queue''s settings. When was it renamed, reassigned, reconfigured?';
COMMENT ON VIEW reporting.requeued_numbers IS 'One row per number with more than one entry: its newest entry, and what came before. Who is called again, although they may have been reached? dials_after_connection counts over all entries, outcome is of the newest one only, which may have ended: join current_numbers for those in a queue. Numbers that were called again within their only entry are not here: see wasted_dials. Numbers are compared by phone number or, once erased, by number_key.';
COMMENT ON VIEW reporting.removed_uncalled IS 'One row per entry that ended without a call, of a number that was in no queue afterwards. Who was never called? Dials in an earlier entry do not count. If a number was erased without number_key, its return can''t be detected.';
COMMENT ON VIEW reporting.removals IS 'One row per queue and moment at which numbers left it without a call. How many uncalled numbers were lost, when, how and to whom, and was it many at once? Counts every time a number left: deleted, or its queue was replaced or is gone. Numbers whose holder left the team are not here, because what happened to them is unknown. A number that was added and removed between two readings was not seen.';
COMMENT ON VIEW reporting.stale_numbers IS 'One row per number in a current queue that has waited longer than 7 days without a call, as of the last reading. Which numbers wait too long?';
COMMENT ON VIEW reporting.data_freshness IS 'One row per teammate on the team. How old are their data now, and when were they last looked at? is_stale is about the last reading only. Uses the current time.';
COMMENT ON VIEW reporting.live_freshness IS 'One row per team, over the last hour. How long after a dial at Allo is it here, and how often are teammates looked at? Uses the current time.';
COMMENT ON VIEW reporting.coverage_gaps IS 'One row per period in which a teammate was not read for longer than two intervals, or was not on the team. For which times are there no data, and why?';
COMMENT ON VIEW reporting.sync_passes IS 'One row per pass of the mirror over the team. When did it run, was everyone read, how long did it wait? Counts of readings are null or zero after old readings are deleted.';
COMMENT ON VIEW reporting.data_quality IS 'One row per team and data check, as last run. Can the data be trusted? No rows: no check has run yet. A worker runs them every hour.';
COMMENT ON VIEW reporting.outcome_definitions IS 'One row per outcome. What does each outcome include? The first rule that matches applies, so every number has exactly one outcome. sync_status is about the creation of the contact and never counts.';
COMMENT ON VIEW reporting.data_dictionary IS 'One row per column of these views and of what the functions return. What does it mean?';
COMMENT ON VIEW reporting_pii.numbers IS 'One row per entry whose phone number is still stored. Which phone number is it? Join by entry_id.';
COMMENT ON FUNCTION reporting.rate IS 'Rate from 0 to 1 of two counts that you added up, computed as in the views; null if the divisor is 0.';
COMMENT ON FUNCTION reporting.rate_low IS 'Lower end of the 95 % Wilson interval of the rate.';
COMMENT ON FUNCTION reporting.rate_high IS 'Upper end of the 95 % Wilson interval of the rate.';
COMMENT ON FUNCTION reporting.unread_times IS 'unread_times(since, until): as unread_time, for several periods in one call. since and until are arrays of the same length; nth is the place of a period in them. One row per period and teammate.';
COMMENT ON FUNCTION reporting.unread_time IS 'unread_time(since, until): one row per teammate. For how many seconds of that period was the teammate not read (unread_seconds), and how many of these were before they joined (seconds_before_joining)?';
COMMENT ON FUNCTION reporting.start_of_day IS 'start_of_day(day): first instant of a local day in the report time zone.';
COMMENT ON FUNCTION reporting.queue_as_of IS 'queue_as_of(user_id, at): one row per number in the queue that the teammate held at that moment, as known then. Text without a time zone is a time of your session: write 2026-11-26 12:00 Europe/Paris. If there are no numbers, one row whose answer is no_queue (seen without a queue), unknown (not read around that time, or not confirmed; read_at says since when), or queue (it was empty).';

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
      ('added', 'Numbers that came into the queue on this day, as seen. On the first day of a queue: all that the first reading showed.'),
      ('age_seconds', 'Seconds since last_observed_at, by the current time. Null: never read.'),
      ('api_total_count', 'Number of numbers that Allo announced for the queue (total_count). Null: it announced none.'),
      ('arguments', 'Arguments of the function, with their types. Null: a view.'),
      ('assignee_id', 'The teammate that Allo names as assignee of the queue.'),
      ('assignment_state', 'queue, or no_queue: seen without one.'),
      ('came_back', 'Those of numbers that are in a queue of the team afterwards: they returned, or are also in another queue. An erased number without number_key can''t be recognised. numbers - came_back of all rows is the number of rows of removed_uncalled.'),
      ('call_id', 'Allo''s id of the call. Null: none.'),
      ('call_start_date', 'Source: start of the last call to this number. Null: none.'),
      ('change_type', 'added, reappeared (it had ended and returned), changed (a call began or got a result), sync_changed (only sync_status), moved (only its position), removed.'),
      ('changed_after', 'The change happened after this, and at the latest when it was seen: start of the previous reading, or of a later look at its page. Null: not known.'),
      ('changed_at', 'Observed: end of the first reading or look that showed the change.'),
      ('check_name', 'Name of the check.'),
      ('checked', 'Number of items checked.'),
      ('checked_at', 'Observed: when the check ran.'),
      ('column_name', 'Name of the column. If the function returns a single value: name of the function.'),
      ('connected', 'Numbers of the queue with the outcome connected.'),
      ('connected_dials', 'Dials answered by a person.'),
      ('connection_rate', 'Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials.'),
      ('connection_rate_high', 'Upper end of the 95 % Wilson interval of connection_rate.'),
      ('connection_rate_low', 'Lower end of the 95 % Wilson interval of connection_rate.'),
      ('counted_at', 'The time that the dial counts for: dialled_at or, if Allo sent none, when it was first seen.'),
      ('created_at', 'Source: when the number was added to the queue.'),
      ('creator_id', 'The teammate who created the queue.'),
      ('data_as_of', 'Observed: end of the last reading that this row is based on.'),
      ('data_type', 'Type of the column.'),
      ('day', 'Local day in REPORT_TIME_ZONE.'),
      ('definition_version', 'Version of the outcome rules that the counts were made with.'),
      ('detected_outbound_voicemail', 'Allo''s field: a machine was detected.'),
      ('dial_count', 'Dials of this entry, ever.'),
      ('dial_id', 'The mirror''s own id of the dial.'),
      ('dialled', 'Numbers of the queue with any outcome but remaining.'),
      ('dialled_at', 'Source: start of the call. Null: Allo did not say.'),
      ('dialled_date', 'Local day of counted_at.'),
      ('dialled_ever', 'Entries of this queue that were dialled, removed ones included.'),
      ('dialled_hour', 'Local hour of counted_at, 0 to 23.'),
      ('dialled_weekday', 'Local weekday of counted_at: 1 Monday to 7 Sunday.'),
      ('dialling_seconds', 'Seconds between the dials of a session, summed over all sessions of the day. The last call of a session is not counted, because its length is unknown.'),
      ('dials', 'Dials.'),
      ('dials_after_connection', 'Dials of this number after a person had answered it, in all its entries, not only in the newest one.'),
      ('dials_seen_by_look', 'Those of dials that a look saw first; a reading saw the others.'),
      ('do_not_disturb', 'ENABLED or DISABLED, or a word that Allo adds.'),
      ('duration_seconds', 'From start to end. Null: running.'),
      ('email', 'E-mail address, as last listed.'),
      ('end_reason', 'Why it ended: deleted (removed, and the queue continued), queue_replaced (its holder had a new queue), queue_gone (its holder had no queue), unobservable (its holder is not on the team, so what happened is unknown). Null: it did not end, or the next version follows.'),
      ('ended_at', 'Observed: when the queue was first missing. Null: not ended, or unknown.'),
      ('entries', 'Entries of this number, this one included.'),
      ('entry_id', 'The mirror''s own id of an entry: one period in which a number is in a queue.'),
      ('entry_state', 'in_queue, removed, or unknown (the queue or its holder can''t be observed, or an end is not confirmed).'),
      ('error_code', 'Code of the reason why it stopped or failed. Null: it did not.'),
      ('error_message', 'The reason as text.'),
      ('failed', 'Numbers of the queue with the outcome failed.'),
      ('failing', 'Number of checked items that break the rule.'),
      ('finished_at', 'Observed: end of the pass. Null: running.'),
      ('first_dial_at', 'First dial. Null: none.'),
      ('first_dialled_at', 'First dial of this entry. Null: none.'),
      ('first_ever_seen_at', 'Observed: when the first entry of this number began.'),
      ('first_seen_at', 'Observed: end of the first reading that showed it.'),
      ('gap_after_seconds', 'A teammate who is read later than this after the pass has a gap (coverage_gaps, unread_time, gap_seconds): two intervals of the schedule. A SYNC_CRON without passes at night has long intervals, so that a night is no gap. Null: a pass of an older version.'),
      ('gap_from', 'Observed: end of the last reading before the gap.'),
      ('gap_seconds', 'Seconds of this day or period without data: before the first reading of the teammate, not read for longer than two intervals of the schedule (sync_passes.gap_after_seconds), or not on the team. 0: read as planned.'),
      ('gap_to', 'Observed: end of the first reading after the gap. Null: it continues.'),
      ('has_connected_before', 'A person answered in an earlier entry.'),
      ('has_gap', 'Part of the time until valid_until was not read, so the counts may have changed earlier than shown.'),
      ('has_number_key', 'Whether number_key is filled (NUMBER_KEY is set).'),
      ('held_seconds', 'From valid_from to valid_to, or to the last moment that is known.'),
      ('history_from', 'Older history is deleted (RETAIN_HISTORY_DAYS), so it is unknown. Null: nothing was deleted.'),
      ('hour', 'Local hour, 0 to 23.'),
      ('in_progress', 'Numbers of the queue with the outcome in_progress: dialled, no result yet.'),
      ('in_progress_at_end', 'Numbers whose dial had no result when the queue was last read before it ended. Their results were not seen. Null: not ended.'),
      ('is_connected', 'A person answered.'),
      ('is_day_over', 'True if the day was over at the last reading; false: its figures still grow.'),
      ('is_dialled', 'Dialled at least once.'),
      ('is_exhausted', 'The queue is current, and no number is left to call.'),
      ('is_last', 'The latest row of this queue.'),
      ('is_left_out', 'Left out by configuration: not read on purpose.'),
      ('is_listed', 'On the team, as last listed.'),
      ('is_mass', '10 or more numbers left at once.'),
      ('is_observed', 'Share of the day that was seen, 0 to 1: of the time in which the queue was held or dialled on this day, until the last reading. Less than 1: it was not read for a while, so changes of this day may show on a later day. 0: before the first reading, only dials are known. Null: the queue was held for no time on this day.'),
      ('is_open', 'It has no end yet.'),
      ('is_our_reading', 'Allo does not document these values; this rule is our interpretation.'),
      ('is_picked_up', 'A person or a machine answered.'),
      ('is_resolved', 'It has a result. Rates divide by these.'),
      ('is_stale', 'Older than stale_after_seconds, or never read. Null: left out on purpose.'),
      ('is_unresolved', 'No result 120 minutes after the dial; a result is unlikely to come.'),
      ('is_whole_team', 'Everyone was to be read; false: only some teammates, chosen by hand, or none, because Allo did not name the team.'),
      ('kind', 'view or function.'),
      ('lag_p50_seconds', 'Median of the seconds from the start of a dial, by Allo''s clock in whole seconds, until it was first seen. 0 if Allo''s clock is ahead. Null: no dials.'),
      ('lag_p95_seconds', '95 % of the dials were seen within this many seconds. Null: no dials.'),
      ('last_changed_at', 'Observed: end of the last reading or look that showed something new of this dial.'),
      ('last_dial_at', 'Last dial. Null: none.'),
      ('last_dialled_at', 'Last dial of this entry. Null: none.'),
      ('last_observed_at', 'Observed: end of the last successful reading. Null: none.'),
      ('last_seen_at', 'Observed: end of the last reading that showed it. Null: it is still in the queue.'),
      ('last_try_at', 'Observed: when a reading was last tried.'),
      ('last_try_error_code', 'Code of the reason why it failed. Null: it did not.'),
      ('last_try_status', 'ok, no_queue, or an unsuccessful status: torn, not_found, forbidden, rate_limited, error, skipped.'),
      ('left_at', 'Observed: when Allo first said that this teammate is not on the team. Null: not known to have left.'),
      ('look_age_seconds', 'Seconds since looked_at, by the current time. Null: not looked at.'),
      ('look_interval_p50_seconds', 'Median over the teammates who dial of the seconds between two looks. Null: none.'),
      ('look_interval_p95_seconds', '95 % of the teammates who dial have at most this many seconds between two looks. Null: none.'),
      ('look_interval_seconds', 'Seconds between two looks that counted, as a moving average. Null: fewer than two.'),
      ('looked_at', 'Observed: end of the last look that counted: the page where the teammate dials was as the mirror has it now. It proves nothing about the other pages. Null: not looked at since the database was started after a crash, or this is a replica.'),
      ('meaning', 'What it means.'),
      ('measured_at', 'Observed: the current time.'),
      ('measured_from', 'The hour begins after this.'),
      ('median_seconds_to_first_dial', 'Median over the dialled numbers of the queue, from when a number was added until its first dial. Numbers that still wait are not in it. Null: none.'),
      ('name', 'Name of the team.'),
      ('not_reached', 'Numbers of the queue with the outcome not_reached.'),
      ('not_reached_destination_reason', 'Allo''s field: why the call did not get through.'),
      ('number_key', 'Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed.'),
      ('number_masked', 'Country code and last two digits.'),
      ('number_to', 'The phone number.'),
      ('numbers', 'Numbers in the queue, with any outcome.'),
      ('numbers_added', 'Numbers that were added.'),
      ('numbers_changed', 'Numbers of which a call or sync_status changed.'),
      ('numbers_dialled', 'Different entries that were dialled.'),
      ('numbers_ever', 'Entries of this queue, removed ones included.'),
      ('numbers_moved', 'Numbers that only moved to another position.'),
      ('numbers_read', 'Numbers in the queues read.'),
      ('numbers_removed', 'Numbers removed from queues that continued.'),
      ('observed_at', 'Observed: end of the reading or look that showed these counts.'),
      ('other', 'Numbers of the queue with the outcome other.'),
      ('outcome', 'Outcome: see outcome_definitions.'),
      ('outcome_after', 'Outcome after the change. Null: it was removed.'),
      ('outcome_before', 'Outcome before the change. Null: it was not in the queue.'),
      ('pass_id', 'The mirror''s own id of the pass.'),
      ('penetration_rate', 'dialled_ever divided by numbers_ever, 0 to 1. Null: no numbers.'),
      ('period_from', 'The period begins after this.'),
      ('period_to', 'End of the period: the last reading of the team.'),
      ('picked_up', 'Dials answered by a person or a machine.'),
      ('picked_up_dials', 'Dials answered by a person or a machine.'),
      ('position', 'Position in the queue.'),
      ('position_after', 'Position after the change. Null: it was removed.'),
      ('position_before', 'Position before the change. Null: it was not in the queue.'),
      ('previous_connected', 'Connected dials of the 7 days before the period.'),
      ('previous_connection_rate', 'Connection rate of the 7 days before the period.'),
      ('previous_dials', 'Dials of the 7 days before the period.'),
      ('previous_holder_id', 'The teammate who may have made this dial instead of user_id: they held the queue before, and the dial began before user_id was first seen with it. Null: no other teammate is known who may have made it.'),
      ('previous_entry_id', 'The entry before this one.'),
      ('previous_gap_seconds', 'Seconds without data in the 7 days before the period. 604800 means that nothing of them was read, so there is nothing to compare with.'),
      ('previous_outcome', 'Outcome of the entry before this one.'),
      ('previous_queue_id', 'Queue of the entry before this one.'),
      ('previous_resolved_dials', 'Resolved dials of the 7 days before the period.'),
      ('priority', 'Order of the rules: the matching rule with the lowest number applies.'),
      ('queue_id', 'Allo''s id of the queue.'),
      ('queue_name', 'Name of the queue.'),
      ('queue_state', 'current, ended, or unknown: its holder was seen without it and this is not confirmed, or its holder is not on the team.'),
      ('removed_uncalled', 'Numbers that left the queue without a call on this day, as seen: see removals.'),
      ('reason', 'Status of the last unsuccessful reading in the gap; not_read: none was tried.'),
      ('remaining', 'Numbers of the queue without a call.'),
      ('removal_reason', 'Why it ended: deleted (removed, and the queue continued), queue_replaced, queue_gone, unobservable (what happened is unknown). Null: it did not end.'),
      ('remaining_at_end', 'Numbers without a call at the end of the day, or as of the last reading if the day is not over. 0: the queue ended on this day, and what was not called then is in removed_uncalled. Null: not known.'),
      ('removed_at', 'Observed: end of the first reading without it. Null: it is still in the queue, or this is unknown.'),
      ('replaced_by_queue_id', 'The queue that its holder had instead. Null unless end_reason is queue_replaced.'),
      ('report_time_zone', 'Time zone of local days and hours (REPORT_TIME_ZONE).'),
      ('requests', 'Requests to Allo.'),
      ('resolved_dials', 'Dials with a result. Rates divide by these, so the dials without a result (dials - resolved_dials) are outside all rates.'),
      ('role', 'Role, as last listed.'),
      ('routing_result', 'Allo''s field: how the call was routed.'),
      ('rule', 'When it applies.'),
      ('schema_name', 'Schema of the view.'),
      ('seconds_in_queue', 'From first_seen_at until it ended, or until the last reading.'),
      ('seconds_since_added', 'From when the number was added until this dial. Null: not known.'),
      ('seconds_since_previous', 'From the start of the previous entry to the start of this one.'),
      ('seconds_to_first_dial', 'From when the number was added until its first dial. Null: not dialled, or not known.'),
      ('sentence', 'What was found, and what to do.'),
      ('sessions', 'Dialling sessions of this day: a pause of more than 30 minutes ends one, and so does midnight.'),
      ('severity', 'error: do not trust the data. warn: investigate it. note: legal, and useful to know.'),
      ('stale_after_seconds', 'Age from which the data are too old, as configured when the last pass began.'),
      ('started_at', 'Observed: start of the pass.'),
      ('sync_status', 'Allo''s field about the creation of the contact. It says nothing about progress.'),
      ('sync_status_after', 'sync_status after the change.'),
      ('sync_status_before', 'sync_status before the change.'),
      ('team_id', 'The team.'),
      ('teammate_name', 'Name of the teammate in user_id, as last listed.'),
      ('teammates', 'Number of teammates.'),
      ('teammates_dialling', 'Those of them who dial: a count of their queue changed within five minutes.'),
      ('teammates_failed', 'Teammates for whom the pass found neither a queue nor "no queue".'),
      ('teammates_looked_at', 'Teammates with a current queue who were looked at in the last hour.'),
      ('teammates_read', 'Teammates who were read.'),
      ('throttled_requests', 'Requests that Allo answered with 429.'),
      ('throttled_seconds', 'Seconds waited because of 429 responses.'),
      ('trigger', 'schedule, manual, or look (one teammate was read because a look found something unexpected).'),
      ('uncalled_at_end', 'Numbers without a call when the queue was last read before it ended. Null: not ended.'),
      ('unknown_since', 'Unknown from here on: one reading contradicted it, and the next one has not confirmed that yet. Null: not contradicted.'),
      ('unlooked_seconds_before_end', 'From the last reading of the queue, or the last look that changed something, to the first reading without it: dials and results of that time may not have been seen. It is the most that it can be, because a later look that changed nothing is not on record. Null: not ended.'),
      ('unseen_seconds_before_end', 'From the last reading of the queue to the first without it: numbers that were added and removed in that time were not seen. Null: not ended.'),
      ('updated_at', 'Source: when Allo last updated the number.'),
      ('user_id', 'The teammate who held the queue at that time.'),
      ('valid_from', 'Observed: valid from here on.'),
      ('valid_to', 'Observed: valid until just before this. Null: valid now.'),
      ('valid_until', 'The counts are valid until here: the next row, the end of the queue, or the last reading (or the last look that changed something, if that is later).'),
      ('version', 'Version of allo-queue-mirror.'),
      ('view_meaning', 'What one row of the view is, and which question the view answers. Of a function: what it returns.'),
      ('view_name', 'Name of the view or function.'),
      ('voicemail', 'Numbers of the queue with the outcome voicemail.'),
      ('voicemail_handling', 'SKIP or NO_SKIP, or a word that Allo adds.'),
      ('voicemail_left', 'Allo''s field: a voicemail was left.'),
      ('waiting_seconds', 'From when the number was added until the last reading. Null: it was called.'),
      ('weekday', '1 Monday to 7 Sunday.')
    ) g(name, meaning) ON g.name = a.attname
    WHERE c.relnamespace IN ('reporting'::regnamespace, 'reporting_pii'::regnamespace) AND c.relkind = 'v'
  LOOP
    EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', missing.view, missing.name, missing.meaning);
  END LOOP;
END
$comments$;

COMMENT ON COLUMN reporting.teams.data_as_of IS 'Observed: end of the last reading of any teammate of the team. Null: none yet.';
COMMENT ON COLUMN reporting.teams.live_as_of IS 'Observed: data_as_of, or the end of the last look that changed something, if that is later. Null: none yet.';
COMMENT ON COLUMN reporting.teams.teammates_read IS 'Teammates on the team who were ever read.';
COMMENT ON COLUMN reporting.teammates.user_id IS 'Allo''s id of the teammate.';
COMMENT ON COLUMN reporting.teammates.teammate_name IS 'Name, as last listed.';
COMMENT ON COLUMN reporting.teammates.status IS 'ACTIVE or BLOCKED, as last listed, or a word that Allo adds.';
COMMENT ON COLUMN reporting.teammates.first_seen_at IS 'Observed: when a list first contained them.';
COMMENT ON COLUMN reporting.teammates.data_as_of IS 'Observed: end of the last reading of this teammate that got an answer. Null: none.';
COMMENT ON COLUMN reporting.teammates.queue_state IS 'queue (has one), no_queue (two readings in a row saw none), unknown (not read, not on the team, or one reading that is not confirmed).';
COMMENT ON COLUMN reporting.teammates.queue_id IS 'The queue they have. Null unless queue_state is queue.';
COMMENT ON COLUMN reporting.teammates.numbers IS 'Numbers in their queue. Null unless queue_state is queue.';
COMMENT ON COLUMN reporting.teammates.remaining IS 'Numbers in their queue without a call. Null unless queue_state is queue.';
COMMENT ON COLUMN reporting.queues.user_id IS 'The present or last holder.';
COMMENT ON COLUMN reporting.queues.created_at IS 'Source: when the queue was created.';
COMMENT ON COLUMN reporting.queues.numbers_ever IS 'Entries of this queue, removed ones included. Null, as are all figures of entries and dials, if part of its history was deleted (RETAIN_HISTORY_DAYS).';
COMMENT ON COLUMN reporting.queues.numbers IS 'Numbers in the queue, as last read; for an ended queue, at its end.';
COMMENT ON COLUMN reporting.number_entries.user_id IS 'The teammate who held the queue when the number was first seen.';
COMMENT ON COLUMN reporting.removed_uncalled.user_id IS 'The teammate who held the queue when the number was removed.';
COMMENT ON COLUMN reporting.removals.removed_at IS 'Observed: end of the first reading without these numbers.';
COMMENT ON COLUMN reporting.removals.user_id IS 'The teammate who held the queue when the numbers were seen to be missing: see previous_holder_id.';
COMMENT ON COLUMN reporting.removals.previous_holder_id IS 'The teammate who held the queue before, if the reading without these numbers is also the first that showed it with user_id: the numbers left in the time of one of the two. Null: user_id held the queue all the time.';
COMMENT ON COLUMN reporting.removals.reason IS 'How they left: deleted (removed, and the queue continued), queue_replaced (a reset), queue_gone.';
COMMENT ON COLUMN reporting.removals.numbers IS 'Numbers without a call that left the queue at this moment.';
COMMENT ON COLUMN reporting.requeued_numbers.dials IS 'Dials of this number, in all its entries.';
COMMENT ON COLUMN reporting.requeued_numbers.outcome IS 'Outcome of the newest entry so far.';
COMMENT ON COLUMN reporting.current_numbers.user_id IS 'The teammate who holds the queue.';
COMMENT ON COLUMN reporting.stale_numbers.user_id IS 'The teammate who holds the queue.';
COMMENT ON COLUMN reporting.dials.user_id IS 'The teammate who held the queue when the dial was first seen. If previous_holder_id is not null, it is not certain which of the two made it.';
COMMENT ON COLUMN reporting.dials.first_seen_at IS 'Observed: end of the first reading or look that showed it.';
COMMENT ON COLUMN reporting.dials.changed_after IS 'The dial appeared after this, and at first_seen_at at the latest. Null: not known.';
COMMENT ON COLUMN reporting.queue_daily.user_id IS 'The teammate who held the queue last until the end of the day. Null: before the first reading.';
COMMENT ON COLUMN reporting.queue_daily.numbers IS 'Numbers in the queue at the end of the day, with any outcome; as remaining_at_end.';
COMMENT ON COLUMN reporting.queue_daily.dials IS 'Dials of this day.';
COMMENT ON COLUMN reporting.queue_daily.dialled IS 'Different entries that were dialled on this day.';
COMMENT ON COLUMN reporting.queue_daily.connected IS 'Different entries of which a person answered a dial of this day.';
COMMENT ON COLUMN reporting.daily_activity.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.daily_activity.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.daily_activity.voicemail IS 'Dials answered by a machine.';
COMMENT ON COLUMN reporting.daily_activity.not_reached IS 'Dials without an answer.';
COMMENT ON COLUMN reporting.daily_activity.failed IS 'Dials that could not be placed.';
COMMENT ON COLUMN reporting.daily_activity.other IS 'Dials with a result that Allo does not document.';
COMMENT ON COLUMN reporting.daily_activity.in_progress IS 'Dials without a result, as last read.';
COMMENT ON COLUMN reporting.activity_heatmap.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.activity_heatmap.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.leaderboard_7d.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.leaderboard_7d.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.leaderboard_7d.voicemail IS 'Dials answered by a machine.';
COMMENT ON COLUMN reporting.leaderboard_7d.not_reached IS 'Dials without an answer.';
COMMENT ON COLUMN reporting.data_freshness.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.live_freshness.dials IS 'Dials first seen in the last hour whose start Allo says. Without those that the first reading of a queue found, because they may be older than the mirror.';
COMMENT ON COLUMN reporting.coverage_gaps.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.coverage_gaps.is_open IS 'The gap continues: other teammates of the team were read since.';
COMMENT ON COLUMN reporting.coverage_gaps.gap_seconds IS 'Length of the gap; if it continues, until the last reading of any teammate of the team.';
COMMENT ON COLUMN reporting.sync_passes.status IS 'running, ok (everyone was read), partial (some were), failed (none was).';
COMMENT ON COLUMN reporting.data_quality.status IS 'passed, failed, or skipped: there were no items to check.';
COMMENT ON COLUMN reporting.data_dictionary.position IS 'Order of the columns.';
