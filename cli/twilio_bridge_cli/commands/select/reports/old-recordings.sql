-- Recordings that are older than so many days; Twilio charges for what it stores.
-- :days  how old, at least (default: 90)
SELECT
    Sid,
    CallSid,
    DateCreated,
    Duration AS Seconds,
    Status,
    cast(julianday('now') - julianday(DateCreated) AS INTEGER) AS Days
FROM Recordings
WHERE DateCreated < datetime('now', '-' || :days || ' days')
    AND Status <> 'deleted'
ORDER BY DateCreated
