"""A profile as stored bytes: JSON, and above 1 KB squeezed by what every one repeats: keys, event names, states."""

from __future__ import annotations

import msgspec

from chalicelib.domain.profile import Profile
from chalicelib.domain.squeezing import Squeezing

_WORDS_1 = (
    b'"complained""bounced""dismissed""converted""unknown""dropped","web.home.hero""callcentre","email_slot",'
    b'"service","brand","held_until":"goal_until":17"withdrawn""used""callcentre.next""webhook"'
    b'"Email Marked as Spam":["Email Bounced":["Email Link Clicked":["Email Opened":["Email Delivered":['
    b'"Message Dismissed":["Message Clicked":["Message Viewed":["Application Opened":["Screen Viewed":['
    b'"Signed Up":["Signed In":["Products Searched":["Product List Viewed":["Product Added":["Cart Viewed":['
    b'"Cart Updated":["Checkout Started":["Order Completed":["Product Viewed":["Page Viewed":['
    b'"permissions":{"push/*":{"email/*":{"sms/offers":{"sms/news":{"email/news":{"email/offers":{"denied":'
    b'["denied",17"granted":["granted",17"granted+":["granted",17"operator",true]},'
    b'"address":[{"street":"","city":"","state":"","postalCode":"","country":"US"},17'
    b'"createdAt":["2026-"plan":["lastName":["firstName":["phone":["+1"email":["@example.com",17'
    b'"location":[{"city":"region":"country":"United States"},17"timezone":["America/Chicago",17'
    b'"America/New_York",17"America/Los_Angeles",17"locale":["en-US",17'
    b'{"id":"p_","identifiers":[["user","["anonymous","["email","["phone","["device","],["'
    b'],"facts":{"traits":{"activity":{"features":{"stops":{},"first":17,"last":17},'
    b'"ledger":{"seed":"p_","seed_at":17,"contacts":{"m_":{"at":17,"decision":"d_","message":"","variant":"plain",'
    b'"kind":"offer","channel":"email","state":"sent","state":"reserved","state":"delivered","topic":"offers",'
    b'"placement":"","moment":"","changed":17}},"decisions":{"outcome":"nothing","until":17,"messages":["m_"'
    b'"offers":{"arms":{"entries":{"loyal":[false,17],[true,17]},"waits":{"wake":17,"now":17},'
    b'"seen":[{},17],"merged":["p_"],"folded_under":1}'
)
_DOCUMENTS = Squeezing({1: _WORDS_1}, plain_below=1024)  # below, it might save no capacity unit

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Profile)

text_of = _DOCUMENTS.text_of
"""The JSON inside a stored document."""


def encode(profile: Profile) -> bytes:
    """The stored form of a profile: `{...}` as it is when small, else version byte and zlib stream."""
    return _DOCUMENTS.squeeze(_encoder.encode(profile))


def decode(data: bytes) -> Profile:
    """The profile inside a stored document."""
    return _decoder.decode(text_of(data))
