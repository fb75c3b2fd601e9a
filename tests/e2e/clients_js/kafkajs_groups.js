// Two members of a group share a topic, one leaves, and a third goes on where they stopped:
// node kafkajs_groups.js HOST:PORT TOPIC GROUP. The topic has 4 partitions.
'use strict'
const { Kafka, logLevel } = require('kafkajs')
const assert = require('node:assert/strict')
const [, , address, topic, groupId] = process.argv
const kafka = new Kafka({ clientId: 'groups', brokers: [address], logLevel: logLevel.ERROR })
const seconds = 30

async function until (condition, what) {
  const deadline = Date.now() + seconds * 1000
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function member () {
  const consumer = kafka.consumer({ groupId, sessionTimeout: 6000, heartbeatInterval: 300, rebalanceTimeout: 10000 })
  const one = { consumer, seen: [], partitions: [] }
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => { one.partitions = payload.memberAssignment[topic] ?? [] })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ autoCommitInterval: 100, eachMessage: async ({ partition, message }) => { one.seen.push(`${partition}/${message.offset}`) } })
  return one
}

async function main () {
  const producer = kafka.producer()
  await producer.connect()
  const send = (from, count) => producer.send({
    topic, acks: -1, messages: [...Array(count).keys()].map(i => ({ key: String(i), value: `value ${from + i}`, partition: i % 4 }))
  })
  await send(0, 200)
  const first = await member()
  await until(() => first.seen.length === 200, 'one member reads everything')
  const second = await member()
  await until(() => first.partitions.length === 2 && second.partitions.length === 2, 'the two share the partitions')
  await send(200, 200)
  await until(() => first.seen.length + second.seen.length >= 400, 'both read')
  await first.consumer.disconnect()
  await until(() => second.partitions.length === 4, 'the one that stays gets all')
  await second.consumer.disconnect()

  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchOffsets({ groupId, topics: [topic] })
  assert.deepEqual(offsets[0].partitions.map(p => p.offset), ['100', '100', '100', '100'])
  await send(400, 40)
  const third = await member()
  await until(() => third.seen.length === 40, 'the third reads what is new and nothing else')
  assert.equal(new Set([...first.seen, ...second.seen, ...third.seen]).size, 440)
  await third.consumer.disconnect()

  const { groups } = await admin.listGroups()
  assert.ok(groups.some(group => group.groupId === groupId && group.protocolType === 'consumer'))
  assert.equal((await admin.describeGroups([groupId])).groups[0].state, 'Empty')
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '7' }] })
  assert.equal((await admin.fetchOffsets({ groupId, topics: [topic] }))[0].partitions.find(p => p.partition === 0).offset, '7')
  await admin.deleteGroups([groupId])
  await admin.disconnect()
  await producer.disconnect()
  console.log('all is well')
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
