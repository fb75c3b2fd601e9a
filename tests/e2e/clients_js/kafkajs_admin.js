// Administration with kafkajs, a case a call: node kafkajs_admin.js HOST:PORT TOPIC CASE.
'use strict'
const assert = require('node:assert/strict')
const { main, read, until } = require('./kafkajs_common')

const topicConfigs = 2 // kafkajs' ConfigResourceTypes.TOPIC

const cases = {
  async topics (kafka, topic) {
    const admin = await kafka.admin()
    const made = { topic: `${topic}-made`, numPartitions: 3, replicationFactor: 1 }
    assert.equal(await admin.createTopics({ topics: [made], waitForLeaders: true }), true)
    assert.equal(await admin.createTopics({ topics: [made] }), false)
    assert.equal((await admin.fetchTopicMetadata({ topics: [made.topic] })).topics[0].partitions.length, 3)
    for (const [wrong, type] of [[{ topic: 'not a name!' }, 'INVALID_TOPIC_EXCEPTION'], [{ topic: `${topic}-x`, replicationFactor: 99 }, 'INVALID_REPLICATION_FACTOR']]) {
      const refused = await admin.createTopics({ topics: [{ ...made, ...wrong }] }).catch(error => error)
      assert.equal(refused.type ?? refused.errors?.[0].type, type)
    }
    await admin.deleteTopics({ topics: [made.topic] })
    assert.ok(!(await admin.listTopics()).includes(made.topic))
  },

  async configs (kafka, topic) {
    const admin = await kafka.admin()
    const retention = async () => {
      const { resources } = await admin.describeConfigs({ includeSynonyms: true, resources: [{ type: topicConfigs, name: topic }] })
      return resources[0].configEntries.find(entry => entry.configName === 'retention.ms').configValue
    }
    assert.notEqual(await retention(), '7000')
    await admin.alterConfigs({ resources: [{ type: topicConfigs, name: topic, configEntries: [{ name: 'retention.ms', value: '7000' }] }] })
    assert.equal(await retention(), '7000')
  },

  async partitions (kafka, topic) {
    const admin = await kafka.admin()
    const before = (await admin.fetchTopicOffsets(topic)).length
    await admin.createPartitions({ topicPartitions: [{ topic, count: before + 3 }] })
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === before + 3, 'three partitions more')
  },

  async records (kafka, topic) {
    const producer = await kafka.producer()
    await producer.send({ topic, messages: [...Array(20).keys()].map(i => ({ value: String(i), partition: 0 })) })
    const admin = await kafka.admin()
    assert.equal((await admin.fetchTopicOffsets(topic))[0].high, '20') // else it deletes without metadata, and fails
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '12' }] })
    assert.equal((await admin.fetchTopicOffsets(topic))[0].low, '12')
    const got = await read(await kafka.consumer({ groupId: topic }), topic, 8)
    assert.deepEqual(got.map(record => record.offset), [...Array(8).keys()].map(i => String(12 + i)))
  },

  async groups (kafka, topic) {
    const admin = await kafka.admin()
    const consumer = await kafka.consumer({ groupId: topic })
    await consumer.subscribe({ topic })
    await consumer.run({ eachMessage: async () => {} })
    const state = async () => (await admin.describeGroups([topic])).groups[0].state
    await until(async () => await state() === 'Stable', 'the group is stable')
    assert.ok((await admin.listGroups()).groups.some(group => group.groupId === topic))
    const refused = await admin.deleteGroups([topic]).catch(error => error)
    assert.equal(refused.groups[0].error.type, 'NON_EMPTY_GROUP')
    await consumer.stop()
    await until(async () => await state() === 'Empty', 'the group is empty')
  },

  // Offsets without members; then none.
  async offsets (kafka, topic) {
    const admin = await kafka.admin()
    const offsets = async () => (await admin.fetchOffsets({ groupId: topic, topics: [topic] }))[0].partitions.map(p => p.offset)
    await admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '7' }] })
    assert.deepEqual(await offsets(), ['7'])
    await admin.resetOffsets({ groupId: topic, topic, earliest: true })
    assert.deepEqual(await offsets(), ['-2'])
    await admin.deleteGroups([topic])
    assert.ok(!(await admin.listGroups()).groups.some(group => group.groupId === topic))
    assert.deepEqual(await offsets(), ['-1'])
  }
}

main(cases)
