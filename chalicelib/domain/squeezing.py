"""JSON made small by what its kind always says: zlib with a fixed dictionary, whose version is the first byte.

DynamoDB bills a write by the KB, and a zlib stream alone makes little of a few hundred bytes. What is short, or was
stored before it was squeezed, stands there as the JSON it is. A new dictionary gets a new version and the old one
stays readable for ever: never edit one that has been deployed.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Squeezing:
    """How one kind of JSON is stored. `words` are dictionaries by version; so short it stays JSON."""

    words: Mapping[int, bytes]
    plain_below: int

    def squeeze(self, text: bytes) -> bytes:
        """The stored form of a JSON object or array."""
        if len(text) <= self.plain_below:
            return text
        newest = max(self.words)
        press = zlib.compressobj(level=6, zdict=self.words[newest])
        return bytes([newest]) + press.compress(text) + press.flush()

    def text_of(self, data: bytes) -> bytes:
        """The JSON inside what is stored. Raises ValueError for what was never stored so."""
        if data[:1] in (b"{", b"["):
            return data
        try:
            loosen = zlib.decompressobj(zdict=self.words[data[0]])
            return loosen.decompress(data[1:]) + loosen.flush()
        except (zlib.error, KeyError, IndexError) as error:
            raise ValueError("stored by a version that is not known here, or damaged") from error


_EFFECTS_1 = (
    b'"holdout","not-for-them","outscored","below-silence","no-permission","no-address","quiet","cap","paused",'
    b'"suppressed","switched-off","no-content","template-failed","expired","not-yet-valid","stopped",'
    b'"userAgentData":{"brands":[{"brand":"Chromium","version":"1"},{"brand":"Google Chrome","version":"1"}],'
    b'"mobile":false,"platform":"Windows"},"userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 '
    b'(KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36","userAgent":"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 '
    b"like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
    b'","library":{"name":"analytics.js","version":"next-1."},"library":{"name":"analytics-node","version":"2."},'
    b'"campaign":{"name":"source":"medium":"email"},"device":{"type":"ios","token":"},"os":{"name":"network":{'
    b'"location":{"city":"region":"country":"United States"},"weather":{"rain_mm":"locale":"en-US",'
    b'"timezone":"America/New_York","timezone":"America/Chicago","page":{"path":"/","referrer":"https://www.google.com/",'
    b'"search":"","title":"","url":"https://www."},"properties":{"products":[{"product_id":"","sku":"","category":"",'
    b'"name":"","brand":"","variant":"","price":1,"quantity":1,"currency":"USD","position":1,"image_url":"https://cdn.'
    b'"order_id":"","total":,"revenue":,"cart":{"value":"title":"Order Completed","type":"track","Cart Updated",'
    b'"links":{"shop":"https://","content":{"headline":"","text":"","subject":"",'
    b'[{"type":"join","group":"segment:","profile":"p_","at":17},{"type":"leave","group":"place:us-","profile":"p_"},'
    b'{"type":"cancel","delivery":"m_","reason":"permission"},{"type":"confirm","id":"","profile":"p_","topic":"offers"},'
    b'{"type":"ring","id":"","profile":"p_","due":17,"name":"Topeka Wait Ended","name":"Topeka Woken","properties":{'
    b'{"type":"count","id":"d_","at":17,"cells":{"m|","shown","converted","viewed","clicked","given","reached":[1,'
    b'{"type":"deliver","delivery":"m_","profile":"p_","message":"","variant":"plain","channel":"email","kind":"offer",'
    b'"kind":"brand","kind":"service","decision":"d_","due":17,"playbook":1,"context":{"event":{"cause":"excluded":{'
    b'{"type":"record","decision":"d_","profile":"p_","at":17,"body":{"decision":"d_","at":"2026-","at":17,"profile":"p_",'
    b'"playbook":1,"learned":1,"outcome":"nothing","outcome":"offer","outcome":"brand","cause":"","moment":"",'
    b'"placement":"web.home.hero","limit":1,"tested":{"facts":{"traits.plan":"messages":[{"message":"","variant":"plain",'
    b'"score":0.,"chance":1.0,"probability":0.5,"reason":"counts":{"best":[{"delivery":"m_'
)
EFFECTS = Squeezing({1: _EFFECTS_1}, plain_below=256)
"""What a commit decided, and what a delivery was made of: mostly the event's context and the decision's record."""
