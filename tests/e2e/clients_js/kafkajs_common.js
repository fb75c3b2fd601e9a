// What the kafkajs programs share: a client, clean-up, waiting with a deadline.
'use strict'
const { Kafka, logLevel } = require('kafkajs')

const seconds = 30
const opened = []

function client (address) {
  const kafka = new Kafka({ clientId: 'e2e', brokers: [address], logLevel: logLevel.NOTHING })
  const connected = async one => {
    await one.connect()
    opened.push(one)
    return one
  }
  return {
    producer: options => connected(kafka.producer(options)),
    admin: () => connected(kafka.admin()),
    consumer: options => connected(kafka.consumer({ sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 200, ...options }))
  }
}

async function until (condition, what) {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const found = await condition()
    if (found) return found
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

// The first `count` records that `consumer` reads of `topic`.
async function read (consumer, topic, count) {
  const records = []
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ partition, message }) => { records.push({ partition, ...message }) } })
  await until(() => records.length >= count, `${count} records of ${topic}`)
  return records
}

// Runs the function called as the program's third argument: PROGRAM HOST:PORT TOPIC CASE.
async function main (cases) {
  const [, , address, topic, name] = process.argv
  try {
    await cases[name](client(address), topic)
    for (const one of opened.reverse()) await one.disconnect()
    console.log('all is well')
  } catch (error) {
    console.error(error)
    process.exit(1)
  }
}

module.exports = { main, read, until }
