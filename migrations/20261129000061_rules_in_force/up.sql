-- Which release scores a month, said once: what scores, what is told of it and what may be collected ask here.

-- The release that scores a month that was frozen at `frozen` if it was: of the approved ones that of the latest month up to
-- it, unless a later one was released by itself, which has no month and was compared with everything before it.
CREATE FUNCTION release_in_force(month date, frozen timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
BEGIN
    -- In this language it is planned once a connection, and not in every statement that asks for it.
    RETURN greatest(
        (SELECT r.id FROM rule_release r
         WHERE r.effective_from <= month AND (frozen IS NULL OR r.published_at <= frozen)
         ORDER BY r.effective_from DESC, r.id DESC LIMIT 1),
        (SELECT max(r.id) FROM rule_release r WHERE r.is_automatic AND (frozen IS NULL OR r.published_at <= frozen)));
END
$$;

-- What keeps a release for a month from ever counting there, or from counting any longer: the last one of those published
-- later for the same month, or released by themselves before the month began.
CREATE FUNCTION superseding_release(one rule_release) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT max(later.id) FROM rule_release later
    WHERE later.id > one.id AND (later.effective_from = one.effective_from
        OR later.is_automatic AND (later.published_at AT TIME ZONE 'Asia/Shanghai')::date < one.effective_from)
$$;

-- The releases for months after one, without those that never count, in the order in which they take over.
CREATE FUNCTION upcoming_releases(month date) RETURNS TABLE (id bigint) LANGUAGE sql STABLE AS $$
    SELECT r.id FROM rule_release r WHERE r.effective_from > month AND superseding_release(r) IS NULL
    ORDER BY r.effective_from
$$;
