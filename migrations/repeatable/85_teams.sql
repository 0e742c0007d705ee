-- Functions for operators about teams.

CREATE OR REPLACE FUNCTION allo.move_team(from_team_id text, to_team_id text) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM allo.teams WHERE team_id = from_team_id) THEN
    RAISE EXCEPTION 'no team % is on record', from_team_id;
  END IF;
  IF from_team_id = to_team_id OR EXISTS (SELECT FROM allo.teammates WHERE team_id = to_team_id) THEN
    RAISE EXCEPTION 'team % has teammates of its own, and two teams cannot be merged', to_team_id;
  END IF;
  INSERT INTO allo.teams (team_id, name, first_seen_at, last_seen_at, history_from)
    SELECT to_team_id, name, first_seen_at, last_seen_at, history_from FROM allo.teams WHERE team_id = from_team_id
    ON CONFLICT (team_id) DO UPDATE SET first_seen_at = excluded.first_seen_at, history_from = excluded.history_from;
  -- A team without teammates has no data to keep, but may have failed passes and check results.
  DELETE FROM allo.quality_results WHERE team_id = to_team_id;
  DELETE FROM allo.maintenance WHERE team_id = to_team_id;
  DELETE FROM allo.incidents WHERE team_id = to_team_id;
  UPDATE allo.api_keys SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.teammates SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.queues SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.dials SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.calls SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.sync_passes SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.reading_gaps SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.incidents SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.quality_results SET team_id = to_team_id WHERE team_id = from_team_id;
  UPDATE allo.maintenance SET team_id = to_team_id WHERE team_id = from_team_id;
  DELETE FROM allo.teams WHERE team_id = from_team_id;
  RETURN format('Team %s is team %s now, with all its data and its API keys.', from_team_id, to_team_id);
END $$;
COMMENT ON FUNCTION allo.move_team IS 'Moves a team, with all its data and API keys, to another team id. Stop the workers first.';
