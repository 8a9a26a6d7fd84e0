"""Values that software sends where it has none, and that would join strangers if they named anybody.

Reviewed, not copied, from what others block: PostHog's illegal distinct ids (`isDistinctIdIllegal`, also in
quotes), the ids that Mixpanel refuses (`-1`, `<nil>`, `[]`, `lmy47d`, ...), and the values Segment suggests to
block in Unify (zeroes and dashes, `-1`, `null`, `anonymous`). Nil and Max UUIDs are RFC 9562's (5.9, 5.10).
The advertising id is all zeroes where tracking is limited (Apple's `advertisingIdentifier`, Android's
`AdvertisingIdClient`); `9774d56d682e549c` is the Android id that a release of 2010 gave to every device, and
`02:00:00:00:00:00` the hardware address that phones tell since Android 6 and iOS 7. `AnonymousUser` is
Django's, `(not set)` is Google Analytics'. No area code of the North American plan begins with 0 or 1 or
repeats one digit, but for 888, which is no customer's.

A customer's own id must never be here: names, short numbers and words that one team uses (`test`, `demo`,
`abc123`) are for the playbook's `junk`. Addresses are exact, and none is at example.com.
"""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote

NO_VALUE = frozenset({
    "null", "(null)", "undefined", "none", "(none)", "nil", "nan", "n/a", "na", "#n/a", "not available",
    "not set", "(not set)", "-1", "true", "false", "object object", "9774d56d682e549c", "lmy47d",
    "02:00:00:00:00:00", "0x0",
})  # fmt: skip
"""What languages, spreadsheets and phones write where there is nothing."""

NOBODY = frozenset({
    "anonymous", "anonymoususer", "anonymous_user", "anonymous-user", "anonymous user", "anon", "guest",
    "guestuser", "guest_user", "guest-user", "guest user", "unknown", "unknownuser", "unknown_user",
    "unknown-user", "unknown user", "unidentified", "unauthenticated", "not_authenticated", "not-authenticated",
    "not authenticated", "not_logged_in", "not-logged-in", "not logged in", "logged_out", "logged-out",
    "logged out",
})  # fmt: skip
"""What sites call somebody they don't know."""

FIELD_NAMES = frozenset({
    "user", "id", "userid", "user_id", "user-id", "user id", "user.id", "uid", "uuid", "guid", "anonymousid",
    "anonymous_id", "distinctid", "distinct_id", "customerid", "customer_id", "customer-id", "clientid",
    "client_id", "deviceid", "device_id", "email", "e-mail", "phone", "your_user_id", "your-user-id",
})  # fmt: skip
"""The field's name where its value should be."""

ADDRESSES = frozenset({
    "a@a.com", "aa@aa.com", "aaa@aaa.com", "abc@abc.com", "admin@admin.com", "anonymous@anonymous.com",
    "asdf@asdf.com", "email@domain.com", "email@email.com", "fake@fake.com", "foo@bar.com", "guest@guest.com",
    "na@na.com", "name@domain.com", "name@email.com", "no@email.com", "no@no.com", "noemail@email.com",
    "noemail@noemail.com", "none@none.com", "noreply@noreply.com", "null@null.com", "sample@email.tst",
    "test@email.com", "test@gmail.com", "test@mail.com", "test@test.com", "test@test.test", "test@tester.com",
    "undefined@undefined.com", "unknown@unknown.com", "user@domain.com", "user@user.com", "your@email.com",
})  # fmt: skip
"""Addresses that are typed to get past a form, and a form's own examples."""

WORDS = NO_VALUE | NOBODY | FIELD_NAMES | ADDRESSES

_QUOTES = "\"'`\\\u2018\u2019\u201c\u201d "
_FORMS = tuple(
    re.compile(form, re.DOTALL)
    for form in (
        r"[-+({ ]*0[-+:.,(){} 0]*",  # zeroes: nil UUIDs, limited advertising ids, numbers and dates of nothing
        r"[{]?f[f-]{14,}f[}]?",  # the Max UUID, and 64 bits that are all set
        r"\[object \w+\]",
        # A number of the North American plan that cannot be; a calling code (ITU-T E.164) and only zeroes.
        r"\+1[01]\d{9}|\+1(\d)\1{9}",
        r"\+(?:[17]|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])0+",
        r"\+(?:2[1-689]|3[578]|42|5[09]|6[789]|8[05789]|9[679])\d0+",
        # What a template leaves where nothing was filled in: Liquid; shells and Ruby; PHP; Mailchimp; others.
        r"\{\{.*\}\}|[$#]\{.*\}|<[%?].*[%?]>|\*\|.*\|\*",
        r"%{1,2}[a-z_][a-z0-9_.-]*%{1,2}|<[a-z_][a-z0-9_. -]*>",
        r"\{[a-z_][a-z_.]*\}",  # no digits and no dashes: braces may stand around a UUID
    )
)


@lru_cache(maxsize=8192)
def is_junk(text: str) -> bool:
    """Whether a value names nobody, in any case, with or without quotes around it, and percent-encoded too."""
    bare = text.lower().strip(_QUOTES)
    return _is_junk(bare) or ("%" in bare and _is_junk(unquote(bare).strip(_QUOTES)))


def _is_junk(bare: str) -> bool:
    if bare in WORDS:
        return True
    if bare.isascii() and not any(map(str.isalnum, bare)):
        return True  # punctuation alone
    return any(form.fullmatch(bare) for form in _FORMS)
