"""The playbook page's example, without the kinds of moment that do not run yet."""

from __future__ import annotations

EXAMPLE = """\
playbook: 1
name: Umbrella and sun
timezone: America/Chicago          # where nothing better is known; dates are in it, `until` is exclusive
currency: USD

identifiers:                       # these are the defaults, strongest first
  - {kind: user,      unique: true}
  - {kind: email,     limit: 5}
  - {kind: phone,     limit: 5}
  - {kind: anonymous, limit: 100}

topics:
  offers: {label: Offers, default: ask, confirm: double}
  news:   {label: News,   default: assume}   # assume: yes until they say no

placements:
  web.home.hero: {channel: web}
  email.slot.main: {channel: email_slot}
  callcentre.next: {channel: callcentre}

senders: {email: "Umbrella Shop <hello@shop.example.com>", sms: {US: "+17855550100"}}
phone_country: US                  # how numbers without a country code are read
images: "https://cdn.example.com/crm/"
webhooks: {messenger: {url: "https://bridge.example.com/send"}}
devices: {after_logout: last}      # whose is a device between logout and login: last | nobody
junk: ["demo-user"]                # added to the built-in list
stop_words: {es: [baja, alto]}     # added to the built-in English ones

segments:
  complaint_open: {trait: complaint, is: open}
  loyal:        {did: Order Completed, at_least: 3, within: 90d}
  has_umbrella: {did: Order Completed, where: [{property: products.category, is: umbrella}]}

moments:
  rain:           {event: Rain Started}
  big_order:      {event: Order Completed, when: {event: properties.total, above: 100}}
  cart_abandoned: {event: Cart Updated, hold: 1h, unless: {did: Order Completed}}
  became_loyal:   {enters: loyal}                                   # also `leaves`

messages:
  umbrella_offer:
    kind: offer                    # offer | brand | service
    topic: offers
    moments: [rain]                # what it may answer ...
    placements: [web.home.hero, email.slot.main, callcentre.next]   # ... and where it may be shown
    channels: [push, sms, email]   # for moments: the first on which the customer can and may be reached
    for:
      all:
        - {context: weather.rain_mm, above: 2}
        - {not: {segment: has_umbrella}}
    value: 3.20                    # worth of the goal, in the playbook's currency
    boost: 1.0                     # the business's thumb on the scale
    weights: [{when: {context: weather.rain_mm, above: 10}, times: 1.5}]   # the moment's weight
    goal: {did: Order Completed, within: 3d}       # absent: a click
    valid: {from: 2026-01-01, until: 2027-01-01}
    links: {shop: "https://shop.example.com/umbrellas"}
    variants:
      plain:
        email: {subject: "Dry in {{ place.city }}?", mjml: "<mjml>...</mjml>", text: "..."}
        sms:   {text: "It's raining, {{ traits.firstName | default: 'friend' }}. 20% off: {{ link.shop }}"}
        push:  {title: "Rain in {{ place.city }}", body: "20% off umbrellas", link: shop}
        web:   {image: umbrella.png, headline: "Stay dry, {{ traits.firstName }}"}
        email_slot: {image: umbrella-600.png, fallback: shop-600.png, link: shop}
        callcentre: {say: "Offer 20% off umbrellas"}
        locales: {es: {sms: {text: "..."}}}
      cheerful:
        sms: {text: "Rain, rain, {{ link.shop }}"}

policies:
  caps:                            # rolling windows
    - {messages: 3, per: 1d}
    - {messages: 1, per: 1d, channel: sms}
    - {messages: 2, per: 7d, topic: offers}
    - {messages: 1, per: 7d, message: umbrella_offer}
  quiet:    {from: "21:00", until: "08:00", channels: [sms, push]}
  holdout:  {share: 5%}            # hears service messages only; measures the whole programme
  explore:  {share: 5%}            # this share is drawn by learned probability
  silence:  {below: 0.05}          # expected value under this: nothing is said
  pause:    {after_ignored: 3, days: 30}     # ignored: no click and no goal in 7 days
  suppress: [{topic: offers, audience: {segment: complaint_open}}]

experiments:
  umbrella_copy: {message: umbrella_offer, split: {plain: 50%, cheerful: 50%}}   # or `split: learn`
"""
