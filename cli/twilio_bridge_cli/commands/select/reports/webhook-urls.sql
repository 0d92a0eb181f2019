-- The webhooks of every number: where Twilio goes with calls and messages, and by which method.
SELECT
    PhoneNumber,
    FriendlyName,
    VoiceUrl,
    VoiceMethod,
    VoiceFallbackUrl,
    VoiceApplicationSid,
    SmsUrl,
    SmsMethod,
    SmsFallbackUrl,
    SmsApplicationSid,
    StatusCallback,
    TrunkSid
FROM IncomingPhoneNumbers
ORDER BY PhoneNumber
