-- A selection by text looked into payloads as they are stored. Where one is compressed or encrypted that is Base64, in which a short word stands by chance: jobs
-- that have nothing to do with it were changed by a process that has no keys, and does not know that there are any. Such a payload is not searched.

-- Whether a job is what a selection asks for, apart from its state, its queue and its time.
CREATE OR REPLACE FUNCTION is_selected(p_selection JSONB, p_kind TEXT, p_headers JSONB, p_payload TEXT, p_failure JSONB) RETURNS BOOL
LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_selection->>'kind' IS NULL OR p_kind = p_selection->>'kind')
       AND (p_selection->>'tenant' IS NULL OR coalesce(p_headers->>'tenant' = p_selection->>'tenant', false))
       AND (p_selection->>'tag' IS NULL OR coalesce(p_selection->>'tag' = ANY (string_to_array(p_headers->>'tags', ',')), false))
       AND (p_selection->>'failedWith' IS NULL OR coalesce(p_failure->>'type' = p_selection->>'failedWith', false))
       AND (p_selection->>'fingerprint' IS NULL OR coalesce(p_failure->>'fingerprint' = p_selection->>'fingerprint', false))
       AND (p_selection->>'text' IS NULL
            OR strpos(lower(p_payload), lower(p_selection->>'text')) > 0 AND p_payload !~ '^[ \t\n\v\f\r]*\{[ \t\n\v\f\r]*"\$millrace"'
            OR coalesce(strpos(lower(p_failure->>'message'), lower(p_selection->>'text')) > 0, false))
$$;
