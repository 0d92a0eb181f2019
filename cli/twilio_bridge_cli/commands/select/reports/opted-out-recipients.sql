-- People who said STOP and were written to afterwards: when they stopped, and how often it happened.
-- :since  how far back, as a modifier of SQLite's dates (default: -90 days)
WITH said AS MATERIALIZED (
    SELECT
        Sender AS Person,
        Recipient AS Line,
        max(CASE WHEN Word IN ('STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT')
            THEN DateSent END) AS StoppedAt,
        max(CASE WHEN Word IN ('START', 'YES', 'UNSTOP') THEN DateSent END) AS StartedAt
    FROM (
        SELECT Sender, Recipient, DateSent, upper(trim(Body, ' .!')) AS Word
        FROM Messages
        WHERE DateSent >= date('now', :since)
            AND Direction = 'inbound'
    )
    GROUP BY Person, Line
    HAVING StoppedAt IS NOT NULL
        AND (StartedAt IS NULL OR StartedAt < StoppedAt)
),
sent AS MATERIALIZED (
    SELECT Recipient, Sender, DateSent, Status, ErrorCode
    FROM Messages
    WHERE DateSent >= date('now', :since)
        AND Direction <> 'inbound'
)
SELECT
    said.Person,
    said.Line,
    said.StoppedAt,
    count(*) AS Messages,
    sum(sent.ErrorCode = 21610) AS BlockedByTwilio,
    max(sent.DateSent) AS LastSent
FROM said
JOIN sent ON sent.Recipient = said.Person
    AND sent.Sender = said.Line
    AND sent.DateSent > said.StoppedAt
GROUP BY said.Person, said.Line
ORDER BY Messages DESC
