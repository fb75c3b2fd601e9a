// Records with kafkajs, a case a call: node kafkajs_records.js HOST:PORT TOPIC CASE.
'use strict'
const assert = require('node:assert/strict')
const { CompressionCodecs, CompressionTypes } = require('kafkajs')
const { main, read, until } = require('./kafkajs_common')

const numbered = count => [...Array(count).keys()].map(i => ({ value: String(i), partition: 0 }))
const values = records => records.map(record => String(record.value))

// kafkajs knows gzip by itself; the others are packages that plug in.
async function plugIn (codec) {
  if (codec === 'Snappy') CompressionCodecs[CompressionTypes.Snappy] = require('kafkajs-snappy')
  if (codec === 'LZ4') {
    const { lz4Compress, lz4Decompress } = await import('@platformatic/wasm-utils')
    CompressionCodecs[CompressionTypes.LZ4] = () => ({
      compress: async encoder => Buffer.from(lz4Compress(encoder.buffer)),
      decompress: async content => Buffer.from(lz4Decompress(content))
    })
  }
  if (codec === 'ZSTD') {
    const { ZstdCodec } = require('zstd-codec')
    const zstd = await new Promise(resolve => ZstdCodec.run(loaded => resolve(new loaded.Simple())))
    CompressionCodecs[CompressionTypes.ZSTD] = () => ({
      compress: async encoder => Buffer.from(zstd.compress(encoder.buffer)),
      decompress: async content => Buffer.from(zstd.decompress(content))
    })
  }
}

const cases = {
  async codecs (kafka, topic) {
    const producer = await kafka.producer()
    const names = ['None', 'GZIP', 'Snappy', 'LZ4', 'ZSTD']
    for (const [partition, name] of names.entries()) {
      await plugIn(name)
      const messages = numbered(100).map(({ value }) => ({ partition, value: `${value} of a text that compresses well`.repeat(5) }))
      await producer.send({ topic, compression: CompressionTypes[name], messages })
    }
    const records = await read(await kafka.consumer({ groupId: topic }), topic, 500)
    for (const partition of names.keys()) {
      const found = records.filter(record => record.partition === partition).map(record => parseInt(String(record.value)))
      assert.deepEqual(found, [...Array(100).keys()], names[partition])
    }
  },

  async contents (kafka, topic) {
    const producer = await kafka.producer()
    const sent = [
      { key: null, value: 'v' }, { key: '', value: '' }, { key: Buffer.from([0, 255]), value: Buffer.from([...Array(256).keys()]) },
      { key: 'gone', value: null }, { key: 'h', value: 'h', headers: { several: ['1', '2'], empty: '' } }
    ].map((record, i) => ({ ...record, partition: 0, timestamp: String(1600000000001 + i) }))
    await producer.send({ topic, messages: sent })
    const got = await read(await kafka.consumer({ groupId: topic }), topic, sent.length)
    const bytes = content => content === null ? null : Buffer.from(content).toString('hex')
    const shown = records => records.map(({ key, value, timestamp }) => [bytes(key), bytes(value), timestamp])
    assert.deepEqual(shown(got), shown(sent))
    assert.deepEqual(got[4].headers.several.map(String), ['1', '2'])
    assert.equal(String(got[4].headers.empty), '')
  },

  async megabyte (kafka, topic) {
    const producer = await kafka.producer()
    const large = Buffer.alloc(1_000_000, 'm')
    await producer.send({ topic, messages: [{ value: large, partition: 0 }, { value: 'after', partition: 0 }] })
    const got = await read(await kafka.consumer({ groupId: topic, maxBytesPerPartition: 1000 }), topic, 2)
    assert.ok(got[0].value.equals(large))
    assert.equal(String(got[1].value), 'after')
    await assert.rejects(producer.send({ topic, messages: [{ value: Buffer.alloc(3_000_000), partition: 0 }] }), { type: 'MESSAGE_TOO_LARGE' })
  },

  async acks (kafka, topic) {
    const producer = await kafka.producer()
    for (const acks of [0, 1, -1]) await producer.send({ topic, acks, messages: numbered(20) })
    const got = await read(await kafka.consumer({ groupId: topic }), topic, 60)
    assert.deepEqual(values(got), [0, 1, 2].flatMap(() => numbered(20).map(record => record.value)))
  },

  async idempotent (kafka, topic) {
    const producer = await kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    for (let i = 0; i < 20; ++i) await producer.send({ topic, messages: numbered(25) })
    const got = await read(await kafka.consumer({ groupId: topic }), topic, 500)
    assert.deepEqual(got.map(record => Number(record.offset)), [...Array(500).keys()])
    assert.deepEqual(values(got).slice(-25), numbered(25).map(record => record.value))
  },

  async times (kafka, topic) {
    const producer = await kafka.producer()
    const base = 1700000000000
    await producer.send({ topic, messages: numbered(30).map((record, i) => ({ ...record, timestamp: String(base + i * 1000) })) })
    const admin = await kafka.admin()
    for (const [after, wanted] of [[10000, '10'], [10001, '11'], [-5, '0'], [29001, '30']]) {
      assert.equal((await admin.fetchTopicOffsetsByTimestamp(topic, base + after))[0].offset, wanted)
    }
  },

  async emptiness (kafka, topic) {
    const [partition] = await (await kafka.admin()).fetchTopicOffsets(topic)
    assert.deepEqual([partition.low, partition.high], ['0', '0'])
  },

  // Past the end it commits -2 or -1 and asks again; see OffsetCommit's negative offsets.
  async outOfRange (kafka, topic) {
    const producer = await kafka.producer()
    await producer.send({ topic, messages: numbered(5) })
    const admin = await kafka.admin()
    await admin.setOffsets({ groupId: topic, topic, partitions: [{ partition: 0, offset: '1000' }] })
    const got = await read(await kafka.consumer({ groupId: topic }), topic, 5)
    assert.deepEqual(got.map(record => record.offset), ['0', '1', '2', '3', '4'])
  },

  async wakes (kafka, topic) {
    const producer = await kafka.producer()
    await producer.send({ topic, messages: numbered(1) })
    const consumer = await kafka.consumer({ groupId: topic, maxWaitTimeInMs: 20000, sessionTimeout: 60000 })
    let seen = 0
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async () => { ++seen } })
    await until(() => seen === 1, 'the first record')
    for (let i = 2; i < 6; ++i) {
      const began = Date.now()
      await producer.send({ topic, messages: numbered(1) })
      await until(() => seen === i, 'a record by a fetch that waits')
      assert.ok(Date.now() - began < 5000, 'it waited for its time-out of 20 s')
    }
    const stopped = consumer.stop() // waits for its last fetch
    await producer.send({ topic, messages: numbered(1) })
    await stopped
  },

  async mentions (kafka, topic) {
    const strict = await kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1 } })
    const refused = await strict.send({ topic: `${topic}-never`, messages: numbered(1) }).catch(error => error)
    assert.equal(refused.type ?? refused.cause?.type, 'UNKNOWN_TOPIC_OR_PARTITION')
    const producer = await kafka.producer()
    await producer.send({ topic: `${topic}-made`, messages: [{ value: 'x' }] })
    const offsets = await (await kafka.admin()).fetchTopicOffsets(`${topic}-made`)
    assert.equal(offsets.reduce((sum, { high }) => sum + Number(high), 0), 1)
  }
}

main(cases)
