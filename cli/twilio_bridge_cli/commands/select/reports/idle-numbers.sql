-- Numbers of the account without a message or a call, in or out; each is charged monthly.
-- :since  how far back, as a modifier of SQLite's dates (default: -90 days)
WITH used AS MATERIALIZED (
    SELECT Sender AS Number FROM Messages WHERE DateSent >= date('now', :since)
    UNION
    SELECT Recipient FROM Messages WHERE DateSent >= date('now', :since)
    UNION
    SELECT Sender FROM Calls WHERE StartTime >= date('now', :since)
    UNION
    SELECT Recipient FROM Calls WHERE StartTime >= date('now', :since)
)
SELECT
    PhoneNumber,
    FriendlyName,
    Sid,
    DateCreated
FROM IncomingPhoneNumbers
WHERE PhoneNumber NOT IN (SELECT Number FROM used WHERE Number IS NOT NULL)
ORDER BY DateCreated
