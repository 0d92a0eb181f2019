-- Failed deliveries by error code and country, with what they cost.
-- :since  how far back, as a modifier of SQLite's dates (default: -30 days)
SELECT
    ErrorCode,
    country(Recipient) AS Country,
    count(*) AS Messages,
    count(DISTINCT Recipient) AS Recipients,
    round(-sum(Price), 4) AS Cost,
    max(PriceUnit) AS Currency,
    max(DateSent) AS LastSent
FROM Messages
WHERE DateSent >= datetime('now', :since)
    AND Status IN ('failed', 'undelivered')
GROUP BY ErrorCode, Country
ORDER BY Messages DESC, ErrorCode, Country
