-- Messages that were sent or received, by status, with their share; in and out apart.
-- :since  how far back, as a modifier of SQLite's dates (default: -30 days)
WITH counted AS MATERIALIZED (
    SELECT
        CASE WHEN Direction = 'inbound' THEN 'in' ELSE 'out' END AS Way,
        Status,
        count(*) AS Messages
    FROM Messages
    WHERE DateSent >= datetime('now', :since)
    GROUP BY Way, Status
)
SELECT
    Way,
    Status,
    Messages,
    round(100.0 * Messages / sum(Messages) OVER (PARTITION BY Way), 1) AS Percent
FROM counted
ORDER BY Way, Messages DESC
