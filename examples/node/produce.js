// Sends each line of standard input as a record: node produce.js HOST:PORT TOPIC
import { readFileSync } from 'node:fs'
import { Kafka, logLevel } from 'kafkajs'

const [, , address, topic] = process.argv
if (!topic) throw new Error('node produce.js HOST:PORT TOPIC')

const kafka = new Kafka({ clientId: 'produce.js', brokers: [address], logLevel: logLevel.ERROR })
const producer = kafka.producer({ allowAutoTopicCreation: true })
await producer.connect()
const lines = readFileSync(0, 'utf8').split('\n').filter(line => line !== '')
const written = await producer.send({ topic, acks: -1, messages: lines.map(value => ({ value })) })
for (const { partition, baseOffset } of written) {
  console.log(`acknowledged: partition ${partition}, from offset ${baseOffset}`)
}
await producer.disconnect()
