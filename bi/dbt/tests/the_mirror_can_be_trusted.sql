-- A row for each reason not to build on these sources now: who is not fresh, and which checks say not to trust the data.
select team_id, coalesce(teammate_name, user_id) as subject, 'last read at ' || coalesce(last_observed_at::text, 'no time') as reason
from {{ source('reporting', 'data_freshness') }}
where is_stale
union all
select team_id, check_name, sentence
from {{ source('reporting', 'data_quality') }}
where severity = 'error' and status = 'failed'
