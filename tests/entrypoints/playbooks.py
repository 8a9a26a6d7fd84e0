"""The playbook of the HTTP tests."""

UMBRELLAS = """\
playbook: 1
name: Umbrellas
timezone: America/Chicago
topics:
  offers: {label: Offers, default: ask}
  news: {label: News, default: assume}
placements:
  web.home.hero: {channel: web}
senders: {email: "Shop <hello@shop.example.com>", sms: {US: "+17855550100"}}
images: "https://cdn.example.com/crm/"
segments:
  buyers: {did: Order Completed}
moments:
  rain: {event: Rain Started}
  welcome: {event: Welcomed}
messages:
  umbrella_offer:
    kind: offer
    topic: offers
    moments: [rain]
    placements: [web.home.hero]
    channels: [email]
    value: 3
    for: {not: {segment: buyers}}
    links: {shop: "https://shop.example.com/umbrellas"}
    variants:
      plain:
        web: {headline: "Stay dry, {{ traits.firstName | default: 'friend' }}", link: "{{ link.shop }}"}
        email:
          subject: Rain
          html: "<p>Hi {{ traits.firstName }} <a href='{{ link.shop }}'>shop</a></p>"
          text: "{{ link.shop }}"
  hello:
    kind: service
    moments: [welcome]
    channels: [inbox]
    variants:
      plain:
        inbox: {title: "Hello {{ traits.firstName }}"}
"""
