-- What messages cost, by day and sender; what Twilio has not priced yet is counted apart.
-- :since  how far back, as a modifier of SQLite's dates (default: -30 days)
SELECT
    date(DateSent) AS Day,
    Sender,
    count(*) AS Messages,
    sum(NumSegments) AS Segments,
    round(-sum(Price), 4) AS Cost,
    max(PriceUnit) AS Currency,
    sum(Price IS NULL) AS Unpriced
FROM Messages
WHERE DateSent >= date('now', :since)
    AND Direction <> 'inbound'
GROUP BY Day, Sender
ORDER BY Day DESC, Cost DESC
