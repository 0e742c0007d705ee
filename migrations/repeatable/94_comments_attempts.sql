-- Comments on the views of attempts and sessions, and on the columns of dials about attempts. After 93, which gives a column
-- the meaning that its name has in most views.

COMMENT ON COLUMN reporting.dials.attempt_of_stay IS 'Number of this dial among the dials of its entry, in the order of counted_at: 1 is the first. Counts the dials on record: of two dials between two readings, the first was not seen.';
COMMENT ON COLUMN reporting.dials.attempt_of_number IS 'Number of this dial among the dials of the same phone number, in all its entries in all queues of the team: 1 is the first on record. The record begins with the mirror or at teams.history_from; of two dials between two readings only the second is on it; after a number was forgotten, or erased by age without NUMBER_KEY, counting begins anew. Entries are of the same number if they have the same number_key or, without NUMBER_KEY, the same phone number. Null, as are connected_before, hours_since_previous_attempt, seconds_since_first_queued and not_in_service_before: not known, because the number was erased without NUMBER_KEY or is suppressed, or the dial is from before teams.history_from.';
COMMENT ON COLUMN reporting.dials.connected_before IS 'A person had answered an earlier dial of this number, in any queue of the team: see attempt_of_number. Null: not known.';
COMMENT ON COLUMN reporting.dials.hours_since_previous_attempt IS 'Hours from the start of the previous dial of this number, in any queue of the team, to the start of this one. Null: no earlier dial is on record, Allo did not say when one of the two began, or not known: see attempt_of_number.';
COMMENT ON COLUMN reporting.dials.seconds_since_first_queued IS 'From when this number was first added to any queue of the team until this dial: see attempt_of_number. For the present entry see seconds_since_added. Null: not known.';
COMMENT ON COLUMN reporting.dials.local_day IS 'Local day of counted_at, as dialled_date; the day on which daily_activity counts the dial. For a fast filter on days use counted_at and reporting.start_of_day(day).';
COMMENT ON COLUMN reporting.dials.local_hour IS 'Local hour of counted_at, 0 to 23, as dialled_hour.';
COMMENT ON COLUMN reporting.dials.is_final IS 'The outcome is final: the entry has left its queue, or a later dial of it is on record, so Allo shows no more of this dial. It may be final without a result (in_progress). False: a reading or look may still change it. It becomes false again if the entry returns to its queue.';
COMMENT ON COLUMN reporting.dials.not_in_service_before IS 'An earlier dial of this number, in any queue of the team, found it not in service (NOT_IN_SERVICE): see attempt_of_number. Null: not known.';

COMMENT ON VIEW reporting.attempts IS 'One row per team, local week and attempt: first, second, third … dial of a number that no person had answered before. At which attempt is it worth calling on? Dials after a connection are not here: see wasted_dials. Add up the rows of several weeks and use reporting.rate(connected, resolved_dials); with fewer than 10 resolved_dials a rate is chance. Numbers that are easy to reach leave after few attempts, so a later attempt is of other numbers than the first. Counts dials on record: after a dial that was not seen, a later attempt is shown as an earlier one (see dials.attempt_of_number). A week that was read in part has fewer dials: reporting.unread_time(since, until) says for how long each teammate was not read.';
COMMENT ON COLUMN reporting.attempts.week IS 'Monday of the local week of the dials (counted_at).';
COMMENT ON COLUMN reporting.attempts.attempt IS 'attempt_of_number of the dials: 1 is the first dial of a number that is on record. Null: not known, because the number was erased without NUMBER_KEY or is suppressed, or the dial is from before teams.history_from.';
COMMENT ON COLUMN reporting.attempts.is_week_over IS 'True if the week was over at the last reading of the team; false: its figures still grow.';
COMMENT ON COLUMN reporting.attempts.dials IS 'Dials of this attempt. Each is of another number, except in the row without attempt.';
COMMENT ON COLUMN reporting.attempts.resolved_dials IS 'Those of dials with a result. connection_rate divides by these; the others (in_progress) are in no rate.';
COMMENT ON COLUMN reporting.attempts.connected IS 'Dials of this attempt that a person answered: numbers that were reached at this attempt.';

COMMENT ON VIEW reporting.wasted_dials IS 'One row per dial of a number that a person had already answered, that was already found not in service, or that was dialled less than an hour before, in any queue of the team. Which dials were not needed, and why? It is judged by what was known before the dial; outcome says what came of it. A call back that was agreed on looks the same. Dials that were not seen are missing, and the earlier dials must be on record: see dials.attempt_of_number. A dial whose number is not known is never here. For a fast filter on days use counted_at.';
COMMENT ON COLUMN reporting.wasted_dials.user_id IS 'The teammate who held the queue when the dial was first seen: see previous_holder_id.';
COMMENT ON COLUMN reporting.wasted_dials.local_day IS 'Local day of counted_at.';
COMMENT ON COLUMN reporting.wasted_dials.reason IS 'The first that applies: connected_before (a person had answered an earlier dial), not_in_service (an earlier dial found the number not in service), too_soon (less than an hour after the previous dial).';
COMMENT ON COLUMN reporting.wasted_dials.connected_before IS 'A person had answered an earlier dial of this number.';
COMMENT ON COLUMN reporting.wasted_dials.not_in_service_before IS 'An earlier dial of this number found it not in service (NOT_IN_SERVICE).';
COMMENT ON COLUMN reporting.wasted_dials.is_too_soon IS 'Less than an hour after the previous dial of this number. False also if Allo did not say when one of the two began.';
COMMENT ON COLUMN reporting.wasted_dials.attempt_of_number IS 'Number of this dial among the dials of the same phone number: see dials.';
COMMENT ON COLUMN reporting.wasted_dials.hours_since_previous_attempt IS 'Hours from the start of the previous dial of this number to the start of this one. Null: Allo did not say when one of the two began.';

COMMENT ON VIEW reporting.cadence IS 'One row per number in a current queue that no person has answered yet, in any queue of the team. How often, how recently and by how many teammates was it tried? A number that is in two current queues has two rows. Counts dials on record: see dials.attempt_of_number.';
COMMENT ON COLUMN reporting.cadence.user_id IS 'The teammate who holds the queue.';
COMMENT ON COLUMN reporting.cadence.attempts_of_stay IS 'Dials of this entry. 0: it is left to call.';
COMMENT ON COLUMN reporting.cadence.attempts IS 'Dials of this number, in all its entries in all queues of the team. 0: none on record. Null, as are the next columns: not known, because the number is suppressed, or Allo sent none.';
COMMENT ON COLUMN reporting.cadence.last_attempt_at IS 'The last of these dials (counted_at). Null: none, or not known.';
COMMENT ON COLUMN reporting.cadence.days_since_last_attempt IS 'Days of 24 hours from last_attempt_at to data_as_of. Null: no dial, or not known.';
COMMENT ON COLUMN reporting.cadence.teammates IS 'Different teammates with whom these dials were seen (dials.user_id).';
COMMENT ON COLUMN reporting.cadence.is_not_in_service IS 'One of these dials found the number not in service (NOT_IN_SERVICE). Null: not known.';

COMMENT ON VIEW reporting.sessions IS 'One row per dialling session of a teammate: dials that follow each other within 30 minutes on one local day, counted as in daily_activity. When and how fast does each teammate dial? A dial that was not seen makes a session slower, or two of one. Dials without a time count when they were first seen. To compare teammates, divide sums: sum(dials - 1) by sum(dialling_seconds).';
COMMENT ON COLUMN reporting.sessions.user_id IS 'The teammate.';
COMMENT ON COLUMN reporting.sessions.session IS 'Number of the session on this day: 1 is the first.';
COMMENT ON COLUMN reporting.sessions.started_at IS 'Its first dial (counted_at).';
COMMENT ON COLUMN reporting.sessions.ended_at IS 'Its last dial (counted_at). How long that call took is not known.';
COMMENT ON COLUMN reporting.sessions.is_open IS 'As of the last reading it may continue: its last dial is the last one of the day, and at most 30 minutes old.';
COMMENT ON COLUMN reporting.sessions.dials IS 'Dials of the session.';
COMMENT ON COLUMN reporting.sessions.connected IS 'Dials answered by a person.';
COMMENT ON COLUMN reporting.sessions.dialling_seconds IS 'Seconds from the first dial to the last one. Without the last call, because its length is unknown.';
COMMENT ON COLUMN reporting.sessions.dials_per_hour IS '(dials - 1) * 3600 / dialling_seconds: as many pauses between dials fit into an hour. Null: a single dial, or all in one second.';
COMMENT ON COLUMN reporting.sessions.longest_pause_seconds IS 'Longest time between two dials of the session, calls included: at most 1800. Null: a single dial.';
