// The newest client here: compact messages, topic ids. It writes, reads as a member of a
// group, commits, and looks at the group: node platformatic.mjs HOST:PORT TOPIC GROUP.
import assert from 'node:assert/strict'
import { Admin, Consumer, MessagesStreamModes, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka'

const [, , address, topic, groupId] = process.argv
const options = { clientId: 'platformatic', bootstrapBrokers: [address], strict: true }
const count = 100

const admin = new Admin(options)
await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 })

const producer = new Producer({ ...options, serializers: stringSerializers })
await producer.send({ messages: [...Array(count).keys()].map(i => ({ topic, key: `key ${i}`, value: `value ${i}` })) })
await producer.close()

const consumer = new Consumer({
  ...options, groupId, deserializers: stringDeserializers, sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTime: 200
})
const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false })
const seen = new Set()
for await (const message of stream) {
  seen.add(message.value)
  await message.commit()
  if (seen.size === count) break
}
assert.equal(seen.size, count)
await stream.close().catch(() => {})

const groups = await admin.listGroups()
assert.equal(groups.get(groupId)?.state.toUpperCase(), 'STABLE')
await consumer.close(true)
const described = await admin.describeGroups({ groups: [groupId] })
assert.equal(described.get(groupId).state.toUpperCase(), 'EMPTY')
await admin.deleteGroups({ groups: [groupId] })
await admin.deleteTopics({ topics: [topic] })
await admin.close()
console.log('all is well')
