// A customer's browser on a shop's page: node browser.cjs <host> <write key> <customer> <standard|batching>.
// The page is of another origin than the host, and the browser holds the host to CORS.
const { readFileSync } = require('node:fs')
const { setTimeout: pause } = require('node:timers/promises')
const { JSDOM, VirtualConsole } = require('jsdom')

const [host, writeKey, customer, strategy] = process.argv.slice(2)
const library = readFileSync(require.resolve('@segment/analytics-next/dist/umd/index.js'), 'utf8')
const problems = []
const virtualConsole = new VirtualConsole()
virtualConsole.on('jsdomError', (error) => problems.push(String(error)))
const { window } = new JSDOM('<!doctype html><title>Umbrellas ☂</title>', {
  url: 'https://shop.example.com/umbrellas?utm_source=newsletter',
  runScripts: 'outside-only',
  virtualConsole,
})
// Browsers have it, this one doesn't. It has no fetch either; the library falls back to XMLHttpRequest.
window.TextEncoder = TextEncoder

const underWay = new Set()
const { send } = window.XMLHttpRequest.prototype
window.XMLHttpRequest.prototype.send = function (...body) {
  underWay.add(this)
  this.addEventListener('loadend', () => underWay.delete(this))
  return send.apply(this, body)
}

async function visit() {
  window.eval(library)
  const analytics = new window.AnalyticsNext.AnalyticsBrowser()
  analytics.on('error', (error) => problems.push(String(error)))
  analytics.load(
    { writeKey, cdnURL: host },
    { integrations: { 'Segment.io': { deliveryStrategy: { strategy, config: { size: 4, timeout: 100 } } } } },
  )
  const [page] = await analytics
  await page.page('Shop', 'Umbrellas')
  await page.screen('Start')
  await page.track('Product Viewed', { sku: '傘' })
  await page.identify(customer, { email: `${customer}@example.com`, firstName: 'Žofia ☂ 傘 🧦' })
  await page.group('the-company', { plan: 'gold' })
  await page.track('Order Completed', { total: 27.5 })
  await page.alias(customer, `${customer} before`)
  // What waits for a batch to fill up leaves within 100 ms.
  do await pause(300)
  while (underWay.size)
}

visit()
  .catch((error) => problems.push(String(error)))
  .finally(() => {
    problems.forEach((problem) => console.error(problem))
    process.exit(problems.length ? 1 : 0)
  })
