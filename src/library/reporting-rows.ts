/** Written by `npm run test:unit -- test/reporting-contract.test.ts -u`. Do not edit. */

/**
 * The rows of the views of schema `reporting`, and of its functions that return rows, as node-postgres returns them.
 * It leaves `bigint` and `numeric` as text, because a number would lose digits. Postgres does not say which columns of
 * a view are never null, so all may be.
 */
export interface ReportingRows {
  /** One row per teammate, weekday and local hour (168 each, zeros included) over the 28 days before data_as_of of the team. At what times do people answer? Use the rate only if resolved_dials is 10 or more. Hours in which the teammate was not read have no dials here either, and rates are of the dials that were seen: leaderboard_7d.gap_seconds and reporting.unread_time(period_from, period_to) say for how long. */
  readonly activity_heatmap: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** 1 Monday to 7 Sunday. */
    readonly weekday: number | null
    /** Local hour, 0 to 23. */
    readonly hour: number | null
    /** The period begins after this. */
    readonly period_from: Date | null
    /** End of the period: the last reading of the team. */
    readonly period_to: Date | null
    /** Dials. */
    readonly dials: string | null
    /** Dials with a result. Rates divide by these, so the dials without a result (dials - resolved_dials) are outside all rates. */
    readonly resolved_dials: string | null
    /** Dials answered by a person. */
    readonly connected: string | null
    /** Dials answered by a person or a machine. */
    readonly picked_up: string | null
    /** Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials. */
    readonly connection_rate: string | null
    /** Lower end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_high: string | null
  }
  /** One row per team, local week and attempt: first, second, third … dial of a number that no person had answered before. At which attempt is it worth calling on? Dials after a connection are not here: see wasted_dials. Add up the rows of several weeks and use reporting.rate(connected, resolved_dials); with fewer than 10 resolved_dials a rate is chance. Numbers that are easy to reach leave after few attempts, so a later attempt is of other numbers than the first. Counts dials on record: after a dial that was not seen, a later attempt is shown as an earlier one (see dials.attempt_of_number). A week that was read in part has fewer dials: reporting.unread_time(since, until) says for how long each teammate was not read. */
  readonly attempts: {
    /** The team. */
    readonly team_id: string | null
    /** Monday of the local week of the dials (counted_at). */
    readonly week: Date | null
    /** attempt_of_number of the dials: 1 is the first dial of a number that is on record. Null: not known, because the number was erased without NUMBER_KEY or is suppressed, or the dial is from before teams.history_from. */
    readonly attempt: number | null
    /** True if the week was over at the last reading of the team; false: its figures still grow. */
    readonly is_week_over: boolean | null
    /** Dials of this attempt. Each is of another number, except in the row without attempt. */
    readonly dials: string | null
    /** Those of dials with a result. connection_rate divides by these; the others (in_progress) are in no rate. */
    readonly resolved_dials: string | null
    /** Dials of this attempt that a person answered: numbers that were reached at this attempt. */
    readonly connected: string | null
    /** Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials. */
    readonly connection_rate: string | null
    /** Lower end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_high: string | null
  }
  /** One row per number in a current queue that no person has answered yet, in any queue of the team. How often, how recently and by how many teammates was it tried? A number that is in two current queues has two rows. Counts dials on record: see dials.attempt_of_number. */
  readonly cadence: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Position in the queue. */
    readonly position: number | null
    /** The teammate who holds the queue. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Dials of this entry. 0: it is left to call. */
    readonly attempts_of_stay: number | null
    /** Dials of this number, in all its entries in all queues of the team. 0: none on record. Null, as are the next columns: not known, because the number is suppressed, or Allo sent none. */
    readonly attempts: number | null
    /** The last of these dials (counted_at). Null: none, or not known. */
    readonly last_attempt_at: Date | null
    /** Days of 24 hours from last_attempt_at to data_as_of. Null: no dial, or not known. */
    readonly days_since_last_attempt: string | null
    /** Different teammates with whom these dials were seen (dials.user_id). */
    readonly teammates: number | null
    /** One of these dials found the number not in service (NOT_IN_SERVICE). Null: not known. */
    readonly is_not_in_service: boolean | null
    /** Observed: end of the last reading that this row is based on. */
    readonly data_as_of: Date | null
  }
  /** One row per call whose details were asked for, or are to be (CALL_DETAILS=true): calls that are over, of the last four weeks. How long did people talk, and how were calls tagged? Only dials with a call_id have a call. Without CALL_DETAILS there are no rows. */
  readonly calls: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the call. */
    readonly call_id: string | null
    /** The dial of the call: see dials. */
    readonly dial_id: string | null
    /** The teammate who dialled, as in dials. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** When the number was dialled, as in dials. */
    readonly counted_at: Date | null
    /** Local day of counted_at. */
    readonly local_day: Date | null
    /** known; waiting: Allo is still to be asked, or asked again; given_up: Allo had no details after six requests. */
    readonly details_state: string | null
    /** Result of the call at Allo: ANSWERED, MISSED, TRANSFERRED, VOICEMAIL, or a new word. For the outcome of the dial see dials. Null: not known. */
    readonly result: string | null
    /** OUTBOUND, INBOUND, or a new word. Null: not known. */
    readonly direction: string | null
    /** Source: start of the call, as the call itself has it. Null: not known. */
    readonly started_at: Date | null
    /** Duration of the call in seconds as Allo counts it, of calls without an answer too. Null: not known. */
    readonly duration_seconds: number | null
    /** Seconds of the call, if it was answered; 0: it was not. Null: the details of the call are not known, because CALL_DETAILS is off, Allo has none, or it was not asked yet. */
    readonly talk_seconds: number | null
    /** A person answered. */
    readonly is_connected: boolean | null
    /** Answered for more than 60 seconds (conversation in Allo's sense), and not by a phone menu. Null: not known. */
    readonly is_conversation: boolean | null
    /** A phone menu answered, which Allo counts as answered (ivr_result). Null: not known, or Allo did not say. */
    readonly is_phone_menu: boolean | null
    /** Tags of the call, separated by commas, as of the last answer; phone numbers in them are masked. Empty: none. Null: not known. */
    readonly tags: string | null
    /** The call has one of the tags of CONVERSION_TAGS, upper or lower case. Null: not known, or no such tags are set. */
    readonly is_conversion: boolean | null
    /** The number of the team that was used for the call. Null: not known. */
    readonly allo_number: string | null
    /** Observed: when the details were first known. Null: they are not. */
    readonly known_at: Date | null
    /** Observed: when Allo was last asked. Null: not yet. */
    readonly asked_at: Date | null
    /** When Allo is to be asked next. Of a known call: for tags that were added after it. Null: never. */
    readonly next_ask_at: Date | null
    /** Requests in a row that brought no details. */
    readonly attempts: number | null
    /** Observed: when the call was given up. Null: it was not. */
    readonly given_up_at: Date | null
    /** Code of the last answer without details: not_found, not_ready, a code of Allo, or surprised, with the field that was not as documented. Null: the last answer brought details. */
    readonly reason: string | null
  }
  /** One row per period in which a teammate was not read for longer than two intervals, or was not on the team. For which times are there no data, and why? */
  readonly coverage_gaps: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Observed: end of the last reading before the gap. */
    readonly gap_from: Date | null
    /** Observed: end of the first reading after the gap. Null: it continues. */
    readonly gap_to: Date | null
    /** The gap continues: other teammates of the team were read since. */
    readonly is_open: boolean | null
    /** Length of the gap; if it continues, until the last reading of any teammate of the team. */
    readonly gap_seconds: number | null
    /** Status of the last unsuccessful reading in the gap; not_read: none was tried. */
    readonly reason: string | null
  }
  /** One row per number in a current queue, in dialling order. What is left to call, and how long has it waited? */
  readonly current_numbers: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Position in the queue. */
    readonly position: number | null
    /** The teammate who holds the queue. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Outcome: see outcome_definitions. */
    readonly outcome: string | null
    /** Dialled at least once. */
    readonly is_dialled: boolean | null
    /** It has a result. Rates divide by these. */
    readonly is_resolved: boolean | null
    /** A person answered. */
    readonly is_connected: boolean | null
    /** Source: when the number was added to the queue. */
    readonly created_at: Date | null
    /** Source: when Allo last updated the number. */
    readonly updated_at: Date | null
    /** Source: start of the last call to this number. Null: none. */
    readonly call_start_date: Date | null
    /** Allo's id of the call. Null: none. */
    readonly call_id: string | null
    /** Allo's field: how the call was routed. */
    readonly routing_result: string | null
    /** Allo's field about the creation of the contact. It says nothing about progress. */
    readonly sync_status: string | null
    /** Allo's field: a machine was detected. */
    readonly detected_outbound_voicemail: boolean | null
    /** Allo's field: why the call did not get through. */
    readonly not_reached_destination_reason: string | null
    /** Allo's field: a voicemail was left. */
    readonly voicemail_left: boolean | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** First dial of this entry. Null: none. */
    readonly first_dialled_at: Date | null
    /** Last dial of this entry. Null: none. */
    readonly last_dialled_at: Date | null
    /** Dials of this entry, ever. */
    readonly dial_count: number | null
    /** From when the number was added until the last reading. Null: it was called. */
    readonly waiting_seconds: number | null
    /** Observed: end of the last reading that this row is based on. */
    readonly data_as_of: Date | null
  }
  /** One row per teammate and local day, from the first known day to the last day read, days without dials included. How many dials, with which results? Days have 23 or 25 hours when the clock changes. */
  readonly daily_activity: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Local day in REPORT_TIME_ZONE. */
    readonly day: Date | null
    /** True if the day was over at the last reading; false: its figures still grow. */
    readonly is_day_over: boolean | null
    /** Seconds of this day or period without data: before the first reading of the teammate, not read for longer than two intervals of the schedule (sync_passes.gap_after_seconds), or not on the team. 0: read as planned. */
    readonly gap_seconds: number | null
    /** Dials. */
    readonly dials: string | null
    /** Dials with a result. Rates divide by these, so the dials without a result (dials - resolved_dials) are outside all rates. */
    readonly resolved_dials: string | null
    /** Dials answered by a person. */
    readonly connected: string | null
    /** Dials answered by a machine. */
    readonly voicemail: string | null
    /** Dials without an answer. */
    readonly not_reached: string | null
    /** Dials that could not be placed. */
    readonly failed: string | null
    /** Dials with a result that Allo does not document. */
    readonly other: string | null
    /** Dials without a result, as last read. */
    readonly in_progress: string | null
    /** Dials answered by a person or a machine. */
    readonly picked_up: string | null
    /** Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials. */
    readonly connection_rate: string | null
    /** Lower end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_high: string | null
    /** Different entries that were dialled. */
    readonly numbers_dialled: string | null
    /** First dial. Null: none. */
    readonly first_dial_at: Date | null
    /** Last dial. Null: none. */
    readonly last_dial_at: Date | null
    /** Dialling sessions of this day: a pause of more than 30 minutes ends one, and so does midnight. */
    readonly sessions: string | null
    /** Seconds between the dials of a session, summed over all sessions of the day. The last call of a session is not counted, because its length is unknown. */
    readonly dialling_seconds: number | null
  }
  /** One row per column of these views and of what the functions return. What does it mean? */
  readonly data_dictionary: {
    /** Schema of the view. */
    readonly schema_name: string | null
    /** Name of the view or function. */
    readonly view_name: string | null
    /** Name of the column. If the function returns a single value: name of the function. */
    readonly column_name: string | null
    /** Order of the columns. */
    readonly position: number | null
    /** Type of the column. */
    readonly data_type: string | null
    /** What it means. */
    readonly meaning: string | null
    /** What one row of the view is, and which question the view answers. Of a function: what it returns. */
    readonly view_meaning: string | null
    /** view or function. */
    readonly kind: string | null
    /** Arguments of the function, with their types. Null: a view. */
    readonly arguments: string | null
  }
  /** One row per teammate on the team. How old are their data now, and when were they last looked at? is_stale is about the last reading only. Uses the current time. */
  readonly data_freshness: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Observed: end of the last successful reading. Null: none. */
    readonly last_observed_at: Date | null
    /** Seconds since last_observed_at, by the current time. Null: never read. */
    readonly age_seconds: number | null
    /** Age from which the data are too old, as configured when the last pass began. */
    readonly stale_after_seconds: number | null
    /** Left out by configuration: not read on purpose. */
    readonly is_left_out: boolean | null
    /** Older than stale_after_seconds, or never read. Null: left out on purpose. */
    readonly is_stale: boolean | null
    /** Observed: when a reading was last tried. */
    readonly last_try_at: Date | null
    /** ok, no_queue, or an unsuccessful status: torn, not_found, forbidden, rate_limited, error, skipped. */
    readonly last_try_status: string | null
    /** Code of the reason why it failed. Null: it did not. */
    readonly last_try_error_code: string | null
    /** Observed: end of the last look that counted: the page where the teammate dials was as the mirror has it now. It proves nothing about the other pages. Null: not looked at since the database was started after a crash, or this is a replica. */
    readonly looked_at: Date | null
    /** Seconds since looked_at, by the current time. Null: not looked at. */
    readonly look_age_seconds: number | null
    /** Seconds between two looks that counted, as a moving average. Null: fewer than two. */
    readonly look_interval_seconds: number | null
  }
  /** One row per team and data check, as last run. Can the data be trusted? No rows: no check has run yet. A worker runs them every hour. */
  readonly data_quality: {
    /** The team. */
    readonly team_id: string | null
    /** Name of the check. */
    readonly check_name: string | null
    /** error: do not trust the data. warn: investigate it. note: legal, and useful to know. */
    readonly severity: string | null
    /** Number of items checked. */
    readonly checked: string | null
    /** Number of checked items that break the rule. */
    readonly failing: string | null
    /** passed, failed, or skipped: there were no items to check. */
    readonly status: string | null
    /** What was found, and what to do. */
    readonly sentence: string | null
    /** Observed: when the check ran. */
    readonly checked_at: Date | null
  }
  /** One row per dial that was seen. Who dialled when, and what was the result? A number that was added, dialled and removed between two readings was not seen. */
  readonly dials: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of the dial. */
    readonly dial_id: string | null
    /** The teammate who held the queue when the dial was first seen. If previous_holder_id is not null, it is not certain which of the two made it. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Position in the queue. */
    readonly position: number | null
    /** Allo's id of the call. Null: none. */
    readonly call_id: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Source: start of the call. Null: Allo did not say. */
    readonly dialled_at: Date | null
    /** The time that the dial counts for: dialled_at or, if Allo sent none, when it was first seen. */
    readonly counted_at: Date | null
    /** Local day of counted_at. */
    readonly dialled_date: Date | null
    /** Local weekday of counted_at: 1 Monday to 7 Sunday. */
    readonly dialled_weekday: number | null
    /** Local hour of counted_at, 0 to 23. */
    readonly dialled_hour: number | null
    /** Outcome: see outcome_definitions. */
    readonly outcome: string | null
    /** It has a result. Rates divide by these. */
    readonly is_resolved: boolean | null
    /** A person answered. */
    readonly is_connected: boolean | null
    /** A person or a machine answered. */
    readonly is_picked_up: boolean | null
    /** No result 120 minutes after the dial; a result is unlikely to come. */
    readonly is_unresolved: boolean | null
    /** Allo's field: how the call was routed. */
    readonly routing_result: string | null
    /** Allo's field: a machine was detected. */
    readonly detected_outbound_voicemail: boolean | null
    /** Allo's field: why the call did not get through. */
    readonly not_reached_destination_reason: string | null
    /** Allo's field: a voicemail was left. */
    readonly voicemail_left: boolean | null
    /** From when the number was added until this dial. Null: not known. */
    readonly seconds_since_added: number | null
    /** Observed: end of the first reading or look that showed it. */
    readonly first_seen_at: Date | null
    /** The dial appeared after this, and at first_seen_at at the latest. Null: not known. */
    readonly changed_after: Date | null
    /** Observed: end of the last reading or look that showed something new of this dial. */
    readonly last_changed_at: Date | null
    /** The teammate who may have made this dial instead of user_id: they held the queue before, and the dial began before user_id was first seen with it. Null: no other teammate is known who may have made it. */
    readonly previous_holder_id: string | null
    /** Number of this dial among the dials of its entry, in the order of counted_at: 1 is the first. Counts the dials on record: of two dials between two readings, the first was not seen. */
    readonly attempt_of_stay: number | null
    /** Number of this dial among the dials of the same phone number, in all its entries in all queues of the team: 1 is the first on record. The record begins with the mirror or at teams.history_from; of two dials between two readings only the second is on it; after a number was forgotten, or erased by age without NUMBER_KEY, counting begins anew. Entries are of the same number if they have the same number_key or, without NUMBER_KEY, the same phone number. Null, as are connected_before, hours_since_previous_attempt, seconds_since_first_queued and not_in_service_before: not known, because the number was erased without NUMBER_KEY or is suppressed, or the dial is from before teams.history_from. */
    readonly attempt_of_number: number | null
    /** A person had answered an earlier dial of this number, in any queue of the team: see attempt_of_number. Null: not known. */
    readonly connected_before: boolean | null
    /** Hours from the start of the previous dial of this number, in any queue of the team, to the start of this one. Null: no earlier dial is on record, Allo did not say when one of the two began, or not known: see attempt_of_number. */
    readonly hours_since_previous_attempt: string | null
    /** From when this number was first added to any queue of the team until this dial: see attempt_of_number. For the present entry see seconds_since_added. Null: not known. */
    readonly seconds_since_first_queued: number | null
    /** Local day of counted_at, as dialled_date; the day on which daily_activity counts the dial. For a fast filter on days use counted_at and reporting.start_of_day(day). */
    readonly local_day: Date | null
    /** Local hour of counted_at, 0 to 23, as dialled_hour. */
    readonly local_hour: number | null
    /** The outcome is final: the entry has left its queue, or a later dial of it is on record, so Allo shows no more of this dial. It may be final without a result (in_progress). False: a reading or look may still change it. It becomes false again if the entry returns to its queue. */
    readonly is_final: boolean | null
    /** An earlier dial of this number, in any queue of the team, found it not in service (NOT_IN_SERVICE): see attempt_of_number. Null: not known. */
    readonly not_in_service_before: boolean | null
    /** Seconds of the call, if it was answered; 0: it was not. Null: the details of the call are not known, because CALL_DETAILS is off, Allo has none, or it was not asked yet. */
    readonly talk_seconds: number | null
    /** Answered for more than 60 seconds (conversation in Allo's sense), and not by a phone menu. Null: not known. */
    readonly is_conversation: boolean | null
    /** A phone menu answered, which Allo counts as answered (ivr_result). Null: not known, or Allo did not say. */
    readonly is_phone_menu: boolean | null
    /** Tags of the call, separated by commas, as of the last answer; phone numbers in them are masked. Empty: none. Null: not known. */
    readonly tags: string | null
  }
  /** One row per teammate and local day, zeros included: dials, connected, conversations, conversions. At which step are people lost? Conversations and conversions are counted among connected dials whose details are known (connected_known), and are null where none is known, also without CALL_DETAILS. Add up rows and use reporting.rate; a rate of fewer than 10 is chance. Recent days still change: details come some minutes after a call, and tags of conversations are read again a day later. */
  readonly funnel: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate who held the queue at that time. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Local day in REPORT_TIME_ZONE. */
    readonly day: Date | null
    /** True if the day was over at the last reading of the teammate; false: its figures still grow. */
    readonly is_day_over: boolean | null
    /** Dials of the day. */
    readonly dials: string | null
    /** Those of dials with a result. connection_rate divides by these; the others (in_progress) are in no rate. */
    readonly resolved_dials: string | null
    /** Dials that were answered, those that a phone menu answered included: the queue does not tell them apart. */
    readonly connected: string | null
    /** Dials whose details are known. */
    readonly details_known: string | null
    /** Connected dials whose details are known. conversation_rate and conversion_rate divide by these. */
    readonly connected_known: string | null
    /** Those of connected_known that a phone menu answered, where Allo says so. Null: no details are known. */
    readonly phone_menus: string | null
    /** Those of connected_known that lasted more than 60 seconds, without phone menus. Null: no details are known. */
    readonly conversations: string | null
    /** Those of connected_known with one of the tags of CONVERSION_TAGS. Null: no details are known, or no such tags are set. */
    readonly conversions: string | null
    /** Seconds of all answered calls whose details are known. Null: no details are known. */
    readonly talk_seconds: string | null
    /** Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials. */
    readonly connection_rate: string | null
    /** Lower end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_high: string | null
    /** conversations divided by connected_known, 0 to 1. Null: connected_known is 0. */
    readonly conversation_rate: string | null
    /** Lower end of the 95 % Wilson interval of conversation_rate. */
    readonly conversation_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of conversation_rate. */
    readonly conversation_rate_high: string | null
    /** conversions divided by connected_known, 0 to 1. Null: connected_known is 0, or no tags are set. */
    readonly conversion_rate: string | null
    /** Lower end of the 95 % Wilson interval of conversion_rate. */
    readonly conversion_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of conversion_rate. */
    readonly conversion_rate_high: string | null
  }
  /** One row per teammate: the 7 days before data_as_of of the team, and the 7 days before those. How much did each teammate dial? Rank by counts; rates of few dials are chance. */
  readonly leaderboard_7d: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The period begins after this. */
    readonly period_from: Date | null
    /** End of the period: the last reading of the team. */
    readonly period_to: Date | null
    /** Dials. */
    readonly dials: string | null
    /** Dials with a result. Rates divide by these, so the dials without a result (dials - resolved_dials) are outside all rates. */
    readonly resolved_dials: string | null
    /** Dials answered by a person. */
    readonly connected: string | null
    /** Dials answered by a person or a machine. */
    readonly picked_up: string | null
    /** Dials answered by a machine. */
    readonly voicemail: string | null
    /** Dials without an answer. */
    readonly not_reached: string | null
    /** Different entries that were dialled. */
    readonly numbers_dialled: string | null
    /** Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials. */
    readonly connection_rate: string | null
    /** Lower end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_high: string | null
    /** Dials of the 7 days before the period. */
    readonly previous_dials: string | null
    /** Resolved dials of the 7 days before the period. */
    readonly previous_resolved_dials: string | null
    /** Connected dials of the 7 days before the period. */
    readonly previous_connected: string | null
    /** Connection rate of the 7 days before the period. */
    readonly previous_connection_rate: string | null
    /** Seconds of this day or period without data: before the first reading of the teammate, not read for longer than two intervals of the schedule (sync_passes.gap_after_seconds), or not on the team. 0: read as planned. */
    readonly gap_seconds: number | null
    /** Seconds without data in the 7 days before the period. 604800 means that nothing of them was read, so there is nothing to compare with. */
    readonly previous_gap_seconds: number | null
  }
  /** One row per queue ever seen. Is the list worth calling: how many numbers are dead, machines, duplicates or already called, and how old are they? Shares of results divide by resolved_numbers: numbers with a dial in this queue that has a result; each counts by the last such dial. Duplicates and earlier calls divide by known_numbers. Figures of entries and dials are null if part of the queue's history was deleted (RETAIN_HISTORY_DAYS). What was called before the mirror began, or outside the Power Dialer, is not seen. With fewer than 10 a share is chance: look at its bounds, and rank no queues by it. */
  readonly list_health: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Name of the queue. */
    readonly queue_name: string | null
    /** The present or last holder. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** current, ended, or unknown: its holder was seen without it and this is not confirmed, or its holder is not on the team. */
    readonly queue_state: string | null
    /** Entries of this queue, removed ones included. */
    readonly numbers_ever: string | null
    /** Those of numbers_ever with a dial in this queue that has a result. The three rates of results divide by these. */
    readonly resolved_numbers: string | null
    /** Those of resolved_numbers whose last result is that the number is not in service (NOT_IN_SERVICE). */
    readonly not_in_service: string | null
    /** not_in_service divided by resolved_numbers, 0 to 1. Null: no number has a result. */
    readonly not_in_service_rate: string | null
    /** Lower end of the 95 % Wilson interval of not_in_service_rate. */
    readonly not_in_service_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of not_in_service_rate. */
    readonly not_in_service_rate_high: string | null
    /** Those of resolved_numbers whose last result is voicemail: a machine answered. */
    readonly voicemail: string | null
    /** voicemail divided by resolved_numbers, 0 to 1. Null: no number has a result. */
    readonly voicemail_rate: string | null
    /** Lower end of the 95 % Wilson interval of voicemail_rate. */
    readonly voicemail_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of voicemail_rate. */
    readonly voicemail_rate_high: string | null
    /** Those of resolved_numbers whose last result is failed: the call could not be placed. */
    readonly failed: string | null
    /** failed divided by resolved_numbers, 0 to 1. Null: no number has a result. */
    readonly failed_rate: string | null
    /** Lower end of the 95 % Wilson interval of failed_rate. */
    readonly failed_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of failed_rate. */
    readonly failed_rate_high: string | null
    /** Those of numbers_ever of which it is known which number they are: not erased without NUMBER_KEY, not suppressed. Duplicates and earlier calls divide by these. */
    readonly known_numbers: string | null
    /** Those of known_numbers that came into the queue while the same number was in it already. Of two at once, one counts. */
    readonly duplicates: string | null
    /** duplicates divided by known_numbers, 0 to 1. Null: there are none. */
    readonly duplicate_rate: string | null
    /** Lower end of the 95 % Wilson interval of duplicate_rate. */
    readonly duplicate_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of duplicate_rate. */
    readonly duplicate_rate_high: string | null
    /** Those of known_numbers that were dialled in another queue of the team before they were added to this one. */
    readonly called_elsewhere: string | null
    /** called_elsewhere divided by known_numbers, 0 to 1. Null: there are none. */
    readonly called_elsewhere_rate: string | null
    /** Lower end of the 95 % Wilson interval of called_elsewhere_rate. */
    readonly called_elsewhere_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of called_elsewhere_rate. */
    readonly called_elsewhere_rate_high: string | null
    /** Numbers in the queue now, with any outcome. Null: the queue is not current. */
    readonly numbers: string | null
    /** Median over the numbers in the queue now: days of 24 hours from when the number was added (created_at) to data_as_of. Numbers without created_at are left out. Null: none, or the queue is not current. */
    readonly median_age_days: number | null
    /** Numbers in the queue now without a call of this entry, of which it is known which number they are. Null: the queue is not current. */
    readonly waiting_numbers: string | null
    /** Median over waiting_numbers: hours from when the number was first added to any queue of the team to data_as_of. A number may have been dialled in another queue since. Earlier entries than those on record are not known, so it is at least this. Null: none wait, or the queue is not current. */
    readonly median_hours_waiting: number | null
    /** Observed: end of the last reading that this row is based on. */
    readonly data_as_of: Date | null
  }
  /** One row per team, over the last hour. How long after a dial at Allo is it here, and how often are teammates looked at? Uses the current time. */
  readonly live_freshness: {
    /** The team. */
    readonly team_id: string | null
    /** The hour begins after this. */
    readonly measured_from: Date | null
    /** Observed: the current time. */
    readonly measured_at: Date | null
    /** Teammates with a current queue who were looked at in the last hour. */
    readonly teammates_looked_at: string | null
    /** Those of them who dial: a count of their queue changed within five minutes. */
    readonly teammates_dialling: string | null
    /** Median over the teammates who dial of the seconds between two looks. Null: none. */
    readonly look_interval_p50_seconds: number | null
    /** 95 % of the teammates who dial have at most this many seconds between two looks. Null: none. */
    readonly look_interval_p95_seconds: number | null
    /** Dials first seen in the last hour whose start Allo says. Without those that the first reading of a queue found, because they may be older than the mirror. */
    readonly dials: string | null
    /** Those of dials that a look saw first; a reading saw the others. */
    readonly dials_seen_by_look: string | null
    /** Median of the seconds from the start of a dial, by Allo's clock in whole seconds, until it was first seen. 0 if Allo's clock is ahead. Null: no dials. */
    readonly lag_p50_seconds: number | null
    /** 95 % of the dials were seen within this many seconds. Null: no dials. */
    readonly lag_p95_seconds: number | null
  }
  /** One row per change, derived from number_history. What was added, removed, moved or dialled between two moments? added + reappeared - removed = numbers in queues that have not ended and whose holder is on the team. A new position or a new updated_at does not count as added or removed. */
  readonly number_changes: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Observed: end of the first reading or look that showed the change. */
    readonly changed_at: Date | null
    /** The change happened after this, and at the latest when it was seen: start of the previous reading, or of a later look at its page. Null: not known. */
    readonly changed_after: Date | null
    /** added, reappeared (it had ended and returned), changed (a call began or got a result), sync_changed (only sync_status), moved (only its position), removed. */
    readonly change_type: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The teammate who held the queue at that time. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Position before the change. Null: it was not in the queue. */
    readonly position_before: number | null
    /** Position after the change. Null: it was removed. */
    readonly position_after: number | null
    /** Outcome before the change. Null: it was not in the queue. */
    readonly outcome_before: string | null
    /** Outcome after the change. Null: it was removed. */
    readonly outcome_after: string | null
    /** sync_status before the change. */
    readonly sync_status_before: string | null
    /** sync_status after the change. */
    readonly sync_status_after: string | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced, queue_gone, unobservable (what happened is unknown). Null: it did not end. */
    readonly removal_reason: string | null
  }
  /** One row per entry: one period in which a number is in a queue, ended ones included. When was it added, what was the result, when and why did it end? */
  readonly number_entries: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The teammate who held the queue when the number was first seen. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** in_queue, removed, or unknown (the queue or its holder can't be observed, or an end is not confirmed). */
    readonly entry_state: string | null
    /** Source: when the number was added to the queue. */
    readonly created_at: Date | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** Observed: end of the last reading that showed it. Null: it is still in the queue. */
    readonly last_seen_at: Date | null
    /** Observed: end of the first reading without it. Null: it is still in the queue, or this is unknown. */
    readonly removed_at: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced, queue_gone, unobservable (what happened is unknown). Null: it did not end. */
    readonly removal_reason: string | null
    /** From first_seen_at until it ended, or until the last reading. */
    readonly seconds_in_queue: number | null
    /** Outcome: see outcome_definitions. */
    readonly outcome: string | null
    /** Dialled at least once. */
    readonly is_dialled: boolean | null
    /** It has a result. Rates divide by these. */
    readonly is_resolved: boolean | null
    /** A person answered. */
    readonly is_connected: boolean | null
    /** A person or a machine answered. */
    readonly is_picked_up: boolean | null
    /** First dial of this entry. Null: none. */
    readonly first_dialled_at: Date | null
    /** Last dial of this entry. Null: none. */
    readonly last_dialled_at: Date | null
    /** Dials of this entry, ever. */
    readonly dial_count: number | null
    /** From when the number was added until its first dial. Null: not dialled, or not known. */
    readonly seconds_to_first_dial: number | null
  }
  /** One row per version of an entry: its state from valid_from until just before valid_to. What was known when? */
  readonly number_history: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The teammate who held the queue at that time. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Position in the queue. */
    readonly position: number | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Observed: valid from here on. */
    readonly valid_from: Date | null
    /** Observed: valid until just before this. Null: valid now. */
    readonly valid_to: Date | null
    /** It has no end yet. */
    readonly is_open: boolean | null
    /** The change happened after this, and at the latest when it was seen: start of the previous reading, or of a later look at its page. Null: not known. */
    readonly changed_after: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced (its holder had a new queue), queue_gone (its holder had no queue), unobservable (its holder is not on the team, so what happened is unknown). Null: it did not end, or the next version follows. */
    readonly end_reason: string | null
    /** Outcome: see outcome_definitions. */
    readonly outcome: string | null
    /** Source: start of the last call to this number. Null: none. */
    readonly call_start_date: Date | null
    /** Allo's id of the call. Null: none. */
    readonly call_id: string | null
    /** Allo's field: how the call was routed. */
    readonly routing_result: string | null
    /** Allo's field about the creation of the contact. It says nothing about progress. */
    readonly sync_status: string | null
    /** Allo's field: a machine was detected. */
    readonly detected_outbound_voicemail: boolean | null
    /** Allo's field: why the call did not get through. */
    readonly not_reached_destination_reason: string | null
    /** Allo's field: a voicemail was left. */
    readonly voicemail_left: boolean | null
  }
  /** One row per outcome. What does each outcome include? The first rule that matches applies, so every number has exactly one outcome. sync_status is about the creation of the contact and never counts. */
  readonly outcome_definitions: {
    /** Order of the rules: the matching rule with the lowest number applies. */
    readonly priority: number | null
    /** Outcome: see outcome_definitions. */
    readonly outcome: string | null
    /** When it applies. */
    readonly rule: string | null
    /** What it means. */
    readonly meaning: string | null
    /** Dialled at least once. */
    readonly is_dialled: boolean | null
    /** It has a result. Rates divide by these. */
    readonly is_resolved: boolean | null
    /** A person answered. */
    readonly is_connected: boolean | null
    /** A person or a machine answered. */
    readonly is_picked_up: boolean | null
    /** Allo does not document these values; this rule is our interpretation. */
    readonly is_our_reading: boolean | null
    /** Version of the outcome rules that the counts were made with. */
    readonly definition_version: number | null
  }
  /** queue_as_of(user_id, at): one row per number in the queue that the teammate held at that moment, as known then. Text without a time zone is a time of your session: write 2026-11-26 12:00 Europe/Paris. If there are no numbers, one row whose answer is no_queue (seen without a queue), unknown (not read around that time, or not confirmed; read_at says since when), or queue (it was empty). */
  readonly queue_as_of: {
    /** The team. */
    readonly team_id: string | null
    /** queue, no_queue (two readings in a row saw none), or unknown. */
    readonly answer: string | null
    /** Observed: end of the reading that the answer is based on. If the answer is unknown: the last reading before that moment. Null: none. */
    readonly read_at: Date | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Position in the queue. */
    readonly position: number | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Outcome as known at that moment. */
    readonly outcome: string | null
    /** Source: start of the last call to this number. Null: none. */
    readonly call_start_date: Date | null
    /** Allo's id of the call. Null: none. */
    readonly call_id: string | null
    /** Allo's field: how the call was routed. */
    readonly routing_result: string | null
    /** Allo's field about the creation of the contact. It says nothing about progress. */
    readonly sync_status: string | null
    /** Observed: valid from here on. */
    readonly valid_from: Date | null
  }
  /** One row per period in which a teammate held one queue, or was seen without any. Who held which queue when? If there is no row, it is unknown. */
  readonly queue_assignments: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate who held the queue at that time. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** queue, or no_queue: seen without one. */
    readonly assignment_state: string | null
    /** Observed: valid from here on. */
    readonly valid_from: Date | null
    /** Observed: valid until just before this. Null: valid now. */
    readonly valid_to: Date | null
    /** It has no end yet. */
    readonly is_open: boolean | null
    /** Unknown from here on: one reading contradicted it, and the next one has not confirmed that yet. Null: not contradicted. */
    readonly unknown_since: Date | null
    /** The change happened after this, and at the latest when it was seen: start of the previous reading, or of a later look at its page. Null: not known. */
    readonly changed_after: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced (its holder had a new queue), queue_gone (its holder had no queue), unobservable (its holder is not on the team, so what happened is unknown). Null: it did not end, or the next version follows. */
    readonly end_reason: string | null
    /** From valid_from to valid_to, or to the last moment that is known. */
    readonly held_seconds: number | null
  }
  /** One row per queue and reading or look at which one of its counts changed; valid until valid_until. How did a queue burn down, and where is it unknown? It has a row per change, not per day: never add up its rows by day. For days use queue_daily. */
  readonly queue_burndown: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Observed: end of the reading or look that showed these counts. */
    readonly observed_at: Date | null
    /** The teammate who held the queue at that time. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The counts are valid until here: the next row, the end of the queue, or the last reading (or the last look that changed something, if that is later). */
    readonly valid_until: Date | null
    /** The latest row of this queue. */
    readonly is_last: boolean | null
    /** Numbers in the queue, with any outcome. */
    readonly numbers: number | null
    /** Numbers of the queue without a call. */
    readonly remaining: number | null
    /** Numbers of the queue with any outcome but remaining. */
    readonly dialled: number | null
    /** Numbers of the queue with the outcome in_progress: dialled, no result yet. */
    readonly in_progress: number | null
    /** Numbers of the queue with the outcome connected. */
    readonly connected: number | null
    /** Numbers of the queue with the outcome voicemail. */
    readonly voicemail: number | null
    /** Numbers of the queue with the outcome not_reached. */
    readonly not_reached: number | null
    /** Numbers of the queue with the outcome failed. */
    readonly failed: number | null
    /** Numbers of the queue with the outcome other. */
    readonly other: number | null
    /** Number of numbers that Allo announced for the queue (total_count). Null: it announced none. */
    readonly api_total_count: number | null
    /** Part of the time until valid_until was not read, so the counts may have changed earlier than shown. */
    readonly has_gap: boolean | null
    /** Seconds of this day or period without data: before the first reading of the teammate, not read for longer than two intervals of the schedule (sync_passes.gap_after_seconds), or not on the team. 0: read as planned. */
    readonly gap_seconds: number | null
    /** Observed: when the queue was first missing. Null: not ended, or unknown. */
    readonly ended_at: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced (its holder had a new queue), queue_gone (its holder had no queue), unobservable (its holder is not on the team, so what happened is unknown). Null: it did not end, or the next version follows. */
    readonly end_reason: string | null
    /** Version of the outcome rules that the counts were made with. */
    readonly definition_version: number | null
  }
  /** One row per queue and local day, from the first day on which it was held or dialled to its end or to the last day read; no row for days after its end. What was left at the end of each day, and what came and went? The rows of one day can be added up over queues. Do not add up numbers or remaining_at_end over days. Numbers that left after a call have no column here. Allo's times decide the day of a dial; when it was seen decides the day of all else. */
  readonly queue_daily: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Name of the queue. */
    readonly queue_name: string | null
    /** Local day in REPORT_TIME_ZONE. */
    readonly day: Date | null
    /** The teammate who held the queue last until the end of the day. Null: before the first reading. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Numbers in the queue at the end of the day, with any outcome; as remaining_at_end. */
    readonly numbers: number | null
    /** Numbers without a call at the end of the day, or as of the last reading if the day is not over. 0: the queue ended on this day, and what was not called then is in removed_uncalled. Null: not known. */
    readonly remaining_at_end: number | null
    /** Dials of this day. */
    readonly dials: string | null
    /** Different entries that were dialled on this day. */
    readonly dialled: string | null
    /** Different entries of which a person answered a dial of this day. */
    readonly connected: string | null
    /** Numbers that came into the queue on this day, as seen. On the first day of a queue: all that the first reading showed. */
    readonly added: string | null
    /** Numbers that left the queue without a call on this day, as seen: see removals. */
    readonly removed_uncalled: string | null
    /** Share of the day that was seen, 0 to 1: of the time in which the queue was held or dialled on this day, until the last reading. Less than 1: it was not read for a while, so changes of this day may show on a later day. 0: before the first reading, only dials are known. Null: the queue was held for no time on this day. */
    readonly is_observed: string | null
  }
  /** One row per current queue. When will nothing be left to call, at the pace of its holder? The pace is first_dials divided by active_hours: dials of numbers that were not dialled before in this queue, over the last 8 hours of dialling. Dialling time is the time between two dials of the holder in this queue that are at most 30 minutes apart; the first dial of a session and longer pauses are left out, and so are dials whose time Allo did not say. The forecast assumes this pace and that no numbers are added or removed. Figures are null if there is too little evidence: see reason. */
  readonly queue_forecast: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Name of the queue. */
    readonly queue_name: string | null
    /** The teammate who holds the queue. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Observed: end of the last reading of the queue, or of the last look that changed something, if that is later. The forecast is from here. */
    readonly data_as_of: Date | null
    /** Numbers of the queue without a call, as of data_as_of. */
    readonly remaining: number | null
    /** Dials by the holder of numbers that were not dialled before in this queue, within active_hours. */
    readonly first_dials: string | null
    /** Hours of dialling that were measured: at most 8, the last of the holder in this queue. */
    readonly active_hours: number | null
    /** The dialling that was measured began here. Null: none. */
    readonly measured_from: Date | null
    /** Last dial of the holder in this queue. Null: none. */
    readonly last_dial_at: Date | null
    /** first_dials divided by active_hours. Null: fewer than 10 first_dials. */
    readonly numbers_per_hour: string | null
    /** Lower end of the 95 % interval of numbers_per_hour: the score interval of a count, wider if the pauses between dials are more unequal than chance makes them. */
    readonly numbers_per_hour_low: string | null
    /** Upper end of that interval. */
    readonly numbers_per_hour_high: string | null
    /** remaining divided by numbers_per_hour: hours of dialling until nothing remains. Null: nothing remains, or the pace is not known. */
    readonly hours_left: string | null
    /** remaining divided by numbers_per_hour_high. */
    readonly hours_left_low: string | null
    /** remaining divided by numbers_per_hour_low. */
    readonly hours_left_high: string | null
    /** When nothing remains if the holder goes on without a pause: data_as_of + hours_left. Null: they do not dial now, it is later than today, or there is no hours_left. */
    readonly runs_out_at: Date | null
    /** data_as_of + hours_left_low. Null: runs_out_at is null. */
    readonly runs_out_earliest_at: Date | null
    /** data_as_of + hours_left_high. May be after today. Null: runs_out_at is null. */
    readonly runs_out_latest_at: Date | null
    /** Local day of runs_out_at. */
    readonly runs_out_date: Date | null
    /** Local time of runs_out_at, as 15:40. */
    readonly runs_out_local_time: string | null
    /** Why runs_out_at is null. nothing_remains. no_dials: the holder has not dialled in this queue. too_few_dials: fewer than 10 first_dials, so the pace is not known. not_dialling: the last dial is older than 30 minutes; hours_left is known. not_today: hours_left would go on past midnight. Null: it is not. */
    readonly reason: string | null
  }
  /** One row per version of a queue's settings. When was it renamed, reassigned, reconfigured? */
  readonly queue_history: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Observed: valid from here on. */
    readonly valid_from: Date | null
    /** Observed: valid until just before this. Null: valid now. */
    readonly valid_to: Date | null
    /** It has no end yet. */
    readonly is_open: boolean | null
    /** The change happened after this, and at the latest when it was seen: start of the previous reading, or of a later look at its page. Null: not known. */
    readonly changed_after: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced (its holder had a new queue), queue_gone (its holder had no queue), unobservable (its holder is not on the team, so what happened is unknown). Null: it did not end, or the next version follows. */
    readonly end_reason: string | null
    /** Name of the queue. */
    readonly queue_name: string | null
    /** The teammate who created the queue. */
    readonly creator_id: string | null
    /** The teammate that Allo names as assignee of the queue. */
    readonly assignee_id: string | null
    /** SKIP or NO_SKIP, or a word that Allo adds. */
    readonly voicemail_handling: string | null
    /** ENABLED or DISABLED, or a word that Allo adds. */
    readonly do_not_disturb: string | null
  }
  /** One row per queue ever seen. How far did it get (funnel, penetration) and how fast, how did it end, and what was not called? All figures of a queue are with its present or last holder, also those from before it changed hands: to add up dials per teammate use daily_activity. To add up remaining, filter on queue_state. */
  readonly queues: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Name of the queue. */
    readonly queue_name: string | null
    /** The present or last holder. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** current, ended, or unknown: its holder was seen without it and this is not confirmed, or its holder is not on the team. */
    readonly queue_state: string | null
    /** The queue is current, and no number is left to call. */
    readonly is_exhausted: boolean | null
    /** Source: when the queue was created. */
    readonly created_at: Date | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** Observed: end of the last reading that this row is based on. */
    readonly data_as_of: Date | null
    /** Observed: when the queue was first missing. Null: not ended, or unknown. */
    readonly ended_at: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced (its holder had a new queue), queue_gone (its holder had no queue), unobservable (its holder is not on the team, so what happened is unknown). Null: it did not end, or the next version follows. */
    readonly end_reason: string | null
    /** The queue that its holder had instead. Null unless end_reason is queue_replaced. */
    readonly replaced_by_queue_id: string | null
    /** Numbers in the queue, as last read; for an ended queue, at its end. */
    readonly numbers: number | null
    /** Numbers of the queue without a call. */
    readonly remaining: number | null
    /** Numbers of the queue with any outcome but remaining. */
    readonly dialled: number | null
    /** Numbers of the queue with the outcome in_progress: dialled, no result yet. */
    readonly in_progress: number | null
    /** Numbers of the queue with the outcome connected. */
    readonly connected: number | null
    /** Numbers of the queue with the outcome voicemail. */
    readonly voicemail: number | null
    /** Numbers of the queue with the outcome not_reached. */
    readonly not_reached: number | null
    /** Numbers of the queue with the outcome failed. */
    readonly failed: number | null
    /** Numbers of the queue with the outcome other. */
    readonly other: number | null
    /** Entries of this queue, removed ones included. Null, as are all figures of entries and dials, if part of its history was deleted (RETAIN_HISTORY_DAYS). */
    readonly numbers_ever: string | null
    /** Entries of this queue that were dialled, removed ones included. */
    readonly dialled_ever: string | null
    /** dialled_ever divided by numbers_ever, 0 to 1. Null: no numbers. */
    readonly penetration_rate: string | null
    /** Dials. */
    readonly dials: string | null
    /** Dials with a result. Rates divide by these, so the dials without a result (dials - resolved_dials) are outside all rates. */
    readonly resolved_dials: string | null
    /** Dials answered by a person. */
    readonly connected_dials: string | null
    /** Dials answered by a person or a machine. */
    readonly picked_up_dials: string | null
    /** Connected dials divided by resolved dials, 0 to 1: a dial without a result (in_progress) counts in dials, and in neither of the two. Null: no resolved dials. */
    readonly connection_rate: string | null
    /** Lower end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_low: string | null
    /** Upper end of the 95 % Wilson interval of connection_rate. */
    readonly connection_rate_high: string | null
    /** First dial. Null: none. */
    readonly first_dial_at: Date | null
    /** Last dial. Null: none. */
    readonly last_dial_at: Date | null
    /** Median over the dialled numbers of the queue, from when a number was added until its first dial. Numbers that still wait are not in it. Null: none. */
    readonly median_seconds_to_first_dial: number | null
    /** Numbers without a call when the queue was last read before it ended. Null: not ended. */
    readonly uncalled_at_end: number | null
    /** Numbers whose dial had no result when the queue was last read before it ended. Their results were not seen. Null: not ended. */
    readonly in_progress_at_end: number | null
    /** From the last reading of the queue to the first without it: numbers that were added and removed in that time were not seen. Null: not ended. */
    readonly unseen_seconds_before_end: number | null
    /** From the last reading of the queue, or the last look that changed something, to the first reading without it: dials and results of that time may not have been seen. It is the most that it can be, because a later look that changed nothing is not on record. Null: not ended. */
    readonly unlooked_seconds_before_end: number | null
  }
  /** One row per queue and moment at which numbers left it without a call. How many uncalled numbers were lost, when, how and to whom, and was it many at once? Counts every time a number left: deleted, or its queue was replaced or is gone. Numbers whose holder left the team are not here, because what happened to them is unknown. A number that was added and removed between two readings was not seen. */
  readonly removals: {
    /** The team. */
    readonly team_id: string | null
    /** Observed: end of the first reading without these numbers. */
    readonly removed_at: Date | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Name of the queue. */
    readonly queue_name: string | null
    /** The teammate who held the queue when the numbers were seen to be missing: see previous_holder_id. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** How they left: deleted (removed, and the queue continued), queue_replaced (a reset), queue_gone. */
    readonly reason: string | null
    /** Numbers without a call that left the queue at this moment. */
    readonly numbers: string | null
    /** 10 or more numbers left at once. */
    readonly is_mass: boolean | null
    /** Those of numbers that are in a queue of the team afterwards: they returned, or are also in another queue. An erased number without number_key can't be recognised. numbers - came_back of all rows is the number of rows of removed_uncalled. */
    readonly came_back: string | null
    /** The teammate who held the queue before, if the reading without these numbers is also the first that showed it with user_id: the numbers left in the time of one of the two. Null: user_id held the queue all the time. */
    readonly previous_holder_id: string | null
  }
  /** One row per entry that ended without a call, of a number that was in no queue afterwards. Who was never called? Dials in an earlier entry do not count. If a number was erased without number_key, its return can't be detected. */
  readonly removed_uncalled: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The teammate who held the queue when the number was removed. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Source: when the number was added to the queue. */
    readonly created_at: Date | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** Observed: end of the last reading that showed it. Null: it is still in the queue. */
    readonly last_seen_at: Date | null
    /** Observed: end of the first reading without it. Null: it is still in the queue, or this is unknown. */
    readonly removed_at: Date | null
    /** Why it ended: deleted (removed, and the queue continued), queue_replaced, queue_gone, unobservable (what happened is unknown). Null: it did not end. */
    readonly removal_reason: string | null
    /** From first_seen_at until it ended, or until the last reading. */
    readonly seconds_in_queue: number | null
  }
  /** One row per number with more than one entry: its newest entry, and what came before. Who is called again, although they may have been reached? dials_after_connection counts over all entries, outcome is of the newest one only, which may have ended: join current_numbers for those in a queue. Numbers that were called again within their only entry are not here: see wasted_dials. Numbers are compared by phone number or, once erased, by number_key. */
  readonly requeued_numbers: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The teammate who held the queue at that time. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** Outcome of the newest entry so far. */
    readonly outcome: string | null
    /** Entries of this number, this one included. */
    readonly entries: string | null
    /** Observed: when the first entry of this number began. */
    readonly first_ever_seen_at: Date | null
    /** The entry before this one. */
    readonly previous_entry_id: string | null
    /** Queue of the entry before this one. */
    readonly previous_queue_id: string | null
    /** Outcome of the entry before this one. */
    readonly previous_outcome: string | null
    /** A person answered in an earlier entry. */
    readonly has_connected_before: boolean | null
    /** From the start of the previous entry to the start of this one. */
    readonly seconds_since_previous: number | null
    /** Dials of this number, in all its entries. */
    readonly dials: string | null
    /** Dials of this number after a person had answered it, in all its entries, not only in the newest one. */
    readonly dials_after_connection: string | null
  }
  /** One row per dialling session of a teammate: dials that follow each other within 30 minutes on one local day, counted as in daily_activity. When and how fast does each teammate dial? A dial that was not seen makes a session slower, or two of one. Dials without a time count when they were first seen. To compare teammates, divide sums: sum(dials - 1) by sum(dialling_seconds). */
  readonly sessions: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Local day in REPORT_TIME_ZONE. */
    readonly day: Date | null
    /** Number of the session on this day: 1 is the first. */
    readonly session: number | null
    /** Its first dial (counted_at). */
    readonly started_at: Date | null
    /** Its last dial (counted_at). How long that call took is not known. */
    readonly ended_at: Date | null
    /** As of the last reading it may continue: its last dial is the last one of the day, and at most 30 minutes old. */
    readonly is_open: boolean | null
    /** Dials of the session. */
    readonly dials: string | null
    /** Dials with a result. Rates divide by these, so the dials without a result (dials - resolved_dials) are outside all rates. */
    readonly resolved_dials: string | null
    /** Dials answered by a person. */
    readonly connected: string | null
    /** Seconds from the first dial to the last one. Without the last call, because its length is unknown. */
    readonly dialling_seconds: number | null
    /** (dials - 1) * 3600 / dialling_seconds: as many pauses between dials fit into an hour. Null: a single dial, or all in one second. */
    readonly dials_per_hour: string | null
    /** Longest time between two dials of the session, calls included: at most 1800. Null: a single dial. */
    readonly longest_pause_seconds: number | null
  }
  /** One row per number of the team: its first entry, by created_at. How long after it was queued was it first dialled, and was that within the target? The first dial is the first on record, in any queue of the team, of this entry or a later one. For a share, divide the rows where is_within_target is true by those where it is not null, with reporting.rate, rate_low and rate_high. Not here: numbers that were erased without NUMBER_KEY or are suppressed, because their first entry is not known, and entries from before teams.history_from. Not seen: queues before the mirror began, dials outside the Power Dialer, and of two dials between two readings the first one. For a fast filter on days use first_seen_at. */
  readonly speed_to_lead: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The teammate who held the queue when the number was first seen. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Source: when the number was added to the queue: the time begins here. Null: Allo did not say, so nothing can be measured. */
    readonly created_at: Date | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** dialled; waiting (not dialled, and in a current queue); removed (not dialled, and in no queue that is known to be current). */
    readonly lead_state: string | null
    /** Source: start of the first dial of the number. Null: none, or Allo did not say. */
    readonly first_dialled_at: Date | null
    /** The teammate who held the queue of the first dial when it was first seen (dials.user_id). Null: not dialled. */
    readonly first_dialled_by: string | null
    /** The number was seen without a call before its first dial. False: the first reading that showed it already showed this dial, so an earlier one may have been overwritten. Null: not dialled. */
    readonly is_seen_uncalled: boolean | null
    /** Seconds from created_at to first_dialled_at. Null: one of the two is not known, or the dial is the earlier one. */
    readonly seconds_to_first_dial: number | null
    /** The target now (SPEED_TO_LEAD_TARGET), not the one at the time of the dial. */
    readonly target_seconds: number | null
    /** True: dialled at most target_seconds after created_at. False: dialled later, or seen without a call later than that. Null: not decided (it still waits within the target, or left before), or not known. If Allo did not say when the dial began, it is true or false only if both ends of the time in which it appeared agree. */
    readonly is_within_target: boolean | null
    /** Those of seconds_to_first_dial that are in WORKING_HOURS, by the clock of REPORT_TIME_ZONE. Holidays are not known. Null: WORKING_HOURS is not set, or seconds_to_first_dial is null. */
    readonly working_seconds_to_first_dial: number | null
    /** As is_within_target, but counting only seconds in WORKING_HOURS. Null: WORKING_HOURS is not set, or not decided, or not known. */
    readonly is_within_working_target: boolean | null
  }
  /** One row per number in a current queue that has waited longer than 7 days without a call, as of the last reading. Which numbers wait too long? */
  readonly stale_numbers: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** Position in the queue. */
    readonly position: number | null
    /** The teammate who holds the queue. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** Source: when the number was added to the queue. */
    readonly created_at: Date | null
    /** Observed: end of the first reading that showed it. */
    readonly first_seen_at: Date | null
    /** From when the number was added until the last reading. Null: it was called. */
    readonly waiting_seconds: number | null
    /** Observed: end of the last reading that this row is based on. */
    readonly data_as_of: Date | null
  }
  /** One row per pass of the mirror over the team. When did it run, was everyone read, how long did it wait? Counts of readings are null or zero after old readings are deleted. */
  readonly sync_passes: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of the pass. */
    readonly pass_id: string | null
    /** schedule, manual, or look (one teammate was read because a look found something unexpected). */
    readonly trigger: string | null
    /** running, ok (everyone was read), partial (some were), failed (none was). */
    readonly status: string | null
    /** Observed: start of the pass. */
    readonly started_at: Date | null
    /** Observed: end of the pass. Null: running. */
    readonly finished_at: Date | null
    /** From start to end. Null: running. */
    readonly duration_seconds: number | null
    /** Everyone was to be read; false: only some teammates, chosen by hand, or none, because Allo did not name the team. */
    readonly is_whole_team: boolean | null
    /** Number of teammates. */
    readonly teammates: number | null
    /** Teammates who were read. */
    readonly teammates_read: string | null
    /** Teammates for whom the pass found neither a queue nor "no queue". */
    readonly teammates_failed: string | null
    /** Numbers in the queues read. */
    readonly numbers_read: string | null
    /** Numbers that were added. */
    readonly numbers_added: string | null
    /** Numbers of which a call or sync_status changed. */
    readonly numbers_changed: string | null
    /** Numbers that only moved to another position. */
    readonly numbers_moved: string | null
    /** Numbers removed from queues that continued. */
    readonly numbers_removed: string | null
    /** Requests to Allo. */
    readonly requests: number | null
    /** Requests that Allo answered with 429. */
    readonly throttled_requests: number | null
    /** Seconds waited because of 429 responses. */
    readonly throttled_seconds: number | null
    /** Code of the reason why it stopped or failed. Null: it did not. */
    readonly error_code: string | null
    /** The reason as text. */
    readonly error_message: string | null
    /** Version of allo-queue-mirror. */
    readonly version: string | null
    /** A teammate who is read later than this after the pass has a gap (coverage_gaps, unread_time, gap_seconds): two intervals of the schedule. A SYNC_CRON without passes at night has long intervals, so that a night is no gap. Null: a pass of an older version. */
    readonly gap_after_seconds: number | null
  }
  /** One row per teammate ever listed. Who has a queue now, who has none, for whom is it unknown, and what is left? */
  readonly teammates: {
    /** The team. */
    readonly team_id: string | null
    /** Allo's id of the teammate. */
    readonly user_id: string | null
    /** Name, as last listed. */
    readonly teammate_name: string | null
    /** E-mail address, as last listed. */
    readonly email: string | null
    /** Role, as last listed. */
    readonly role: string | null
    /** ACTIVE or BLOCKED, as last listed, or a word that Allo adds. */
    readonly status: string | null
    /** On the team, as last listed. */
    readonly is_listed: boolean | null
    /** Observed: when a list first contained them. */
    readonly first_seen_at: Date | null
    /** Observed: when Allo first said that this teammate is not on the team. Null: not known to have left. */
    readonly left_at: Date | null
    /** Observed: end of the last reading of this teammate that got an answer. Null: none. */
    readonly data_as_of: Date | null
    /** queue (has one), no_queue (two readings in a row saw none), unknown (not read, not on the team, or one reading that is not confirmed). */
    readonly queue_state: string | null
    /** The queue they have. Null unless queue_state is queue. */
    readonly queue_id: string | null
    /** Numbers in their queue. Null unless queue_state is queue. */
    readonly numbers: number | null
    /** Numbers in their queue without a call. Null unless queue_state is queue. */
    readonly remaining: number | null
    /** Last dial. Null: none. */
    readonly last_dial_at: Date | null
  }
  /** One row per team. As of when are the data, in which time zone, for how many teammates? */
  readonly teams: {
    /** The team. */
    readonly team_id: string | null
    /** Name of the team. */
    readonly name: string | null
    /** Older history is deleted (RETAIN_HISTORY_DAYS), so it is unknown. Null: nothing was deleted. */
    readonly history_from: Date | null
    /** Observed: end of the last reading of any teammate of the team. Null: none yet. */
    readonly data_as_of: Date | null
    /** Number of teammates. */
    readonly teammates: string | null
    /** Teammates on the team who were ever read. */
    readonly teammates_read: string | null
    /** Time zone of local days and hours (REPORT_TIME_ZONE). */
    readonly report_time_zone: string | null
    /** Whether number_key is filled (NUMBER_KEY is set). */
    readonly has_number_key: boolean | null
    /** Observed: data_as_of, or the end of the last look that changed something, if that is later. Null: none yet. */
    readonly live_as_of: Date | null
  }
  /** unread_time(since, until): one row per teammate. For how many seconds of that period was the teammate not read (unread_seconds), and how many of these were before they joined (seconds_before_joining)? */
  readonly unread_time: {
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The teammate is on the team now. */
    readonly is_on_team: boolean | null
    /** Seconds of the period in which the teammate was not read. */
    readonly unread_seconds: number | null
    /** Seconds of the period before the teammate joined the team: part of unread_seconds. */
    readonly seconds_before_joining: number | null
  }
  /** unread_times(since, until): as unread_time, for several periods in one call. since and until are arrays of the same length; nth is the place of a period in them. One row per period and teammate. */
  readonly unread_times: {
    /** Place of the period in the arrays, from 1. */
    readonly nth: number | null
    /** The period begins here. */
    readonly period_from: Date | null
    /** The period ends here. */
    readonly period_to: Date | null
    /** The team. */
    readonly team_id: string | null
    /** The teammate. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** The teammate is on the team now. */
    readonly is_on_team: boolean | null
    /** Seconds of the period in which the teammate was not read. */
    readonly unread_seconds: number | null
    /** Seconds of the period before the teammate joined the team: part of unread_seconds. */
    readonly seconds_before_joining: number | null
  }
  /** One row per dial of a number that a person had already answered, that was already found not in service, or that was dialled less than an hour before, in any queue of the team. Which dials were not needed, and why? It is judged by what was known before the dial; outcome says what came of it. A call back that was agreed on looks the same. Dials that were not seen are missing, and the earlier dials must be on record: see dials.attempt_of_number. A dial whose number is not known is never here. For a fast filter on days use counted_at. */
  readonly wasted_dials: {
    /** The team. */
    readonly team_id: string | null
    /** The mirror's own id of the dial. */
    readonly dial_id: string | null
    /** The teammate who held the queue when the dial was first seen: see previous_holder_id. */
    readonly user_id: string | null
    /** Name of the teammate in user_id, as last listed. */
    readonly teammate_name: string | null
    /** Allo's id of the queue. */
    readonly queue_id: string | null
    /** The mirror's own id of an entry: one period in which a number is in a queue. */
    readonly entry_id: string | null
    /** Country code and last two digits. */
    readonly number_masked: string | null
    /** Identifies a number without showing it: the same for the same number. Random (forgotten-… or erased-…) after the number was forgotten, or erased without a key. Null: NUMBER_KEY is not set, or the number is suppressed. */
    readonly number_key: string | null
    /** The time that the dial counts for: dialled_at or, if Allo sent none, when it was first seen. */
    readonly counted_at: Date | null
    /** Local day of counted_at. */
    readonly local_day: Date | null
    /** The first that applies: connected_before (a person had answered an earlier dial), not_in_service (an earlier dial found the number not in service), too_soon (less than an hour after the previous dial). */
    readonly reason: string | null
    /** A person had answered an earlier dial of this number. */
    readonly connected_before: boolean | null
    /** An earlier dial of this number found it not in service (NOT_IN_SERVICE). */
    readonly not_in_service_before: boolean | null
    /** Less than an hour after the previous dial of this number. False also if Allo did not say when one of the two began. */
    readonly is_too_soon: boolean | null
    /** Number of this dial among the dials of the same phone number: see dials. */
    readonly attempt_of_number: number | null
    /** Hours from the start of the previous dial of this number to the start of this one. Null: Allo did not say when one of the two began. */
    readonly hours_since_previous_attempt: string | null
    /** Outcome: see outcome_definitions. */
    readonly outcome: string | null
    /** The teammate who may have made this dial instead of user_id: they held the queue before, and the dial began before user_id was first seen with it. Null: no other teammate is known who may have made it. */
    readonly previous_holder_id: string | null
  }
}
