// A shop's server: node server.cjs <host> <write key> <customer>. Everything is sent through @segment/analytics-node.
const { Analytics } = require('@segment/analytics-node')

const [host, writeKey, customer] = process.argv.slice(2)
const device = `device of ${customer}`
const analytics = new Analytics({ host, writeKey, flushAt: 100, flushInterval: 50, maxRetries: 0 })
analytics.on('error', (error) => {
  console.error(error)
  process.exitCode = 1
})

analytics.page({ anonymousId: device, category: 'Shop', name: 'Home' })
analytics.screen({ anonymousId: device, name: 'Start' })
analytics.identify({ userId: customer, anonymousId: device, traits: { email: `${customer}@example.com`, firstName: 'Žofia ☂ 傘 🧦 \0' } })
analytics.group({ userId: customer, groupId: 'the-company', traits: { plan: 'gold' } })
analytics.alias({ userId: customer, previousId: `earlier id of ${customer}` })
for (let number = 0; number < 250; number++) {
  analytics.track({ userId: customer, event: 'Order Completed', properties: { number, note: 'Žofia ☂ 傘 🧦 \0' } })
}
for (let times = 0; times < 3; times++) {
  analytics.track({ userId: customer, event: 'Order Refunded', messageId: `refund 1 of ${customer}` })
}
analytics.closeAndFlush({ timeout: 20000 })
