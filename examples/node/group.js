// Reads a topic as a member of a consumer group until COUNT records came; what it has
// read is committed when it leaves: node group.js HOST:PORT TOPIC GROUP COUNT
import { Kafka, logLevel } from 'kafkajs'

const [, , address, topic, groupId, count] = process.argv
if (!count) throw new Error('node group.js HOST:PORT TOPIC GROUP COUNT')

const kafka = new Kafka({ clientId: 'group.js', brokers: [address], logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })

let seen = 0
await new Promise((resolve, reject) => {
  setTimeout(() => reject(new Error(`only ${seen} of ${count} records came within 30 s`)), 30000).unref()
  consumer.run({
    eachMessage: async ({ partition, message }) => {
      if (seen === Number(count)) return
      console.log(`partition ${partition}, offset ${message.offset}: ${message.value}`)
      if (++seen === Number(count)) resolve()
    }
  }).catch(reject)
})
await consumer.disconnect()
