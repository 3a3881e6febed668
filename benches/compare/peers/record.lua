#!lua name=achievements
-- What a site would build on Redis: one call an event.
--
-- Everything is in one function, so that an event is counted wholly or not at all, costs one round trip, and is one entry of the
-- append-only file. An event that reaches no threshold costs two commands. Loaded once by FUNCTION LOAD, called by FCALL.
--
--   KEYS  event:ID       what the event was answered, for whoever sends it again
--         user:NAME      a hash: how many events of each type
--         badges:NAME    a bitmap: which badges the user has
--         board          a sorted set: points of each user
--         awards         a stream: whoever listens reads on from where they were
--   ARGV  type, id, user
--
-- Answers {whether it was sent before, the badge that was earned and its bit, if any}.

local badges = {
  ['post.created'] = {
    [10] = { 'poster-10', 0, 10 },
    [100] = { 'poster-100', 1, 50 },
    [1000] = { 'poster-1000', 2, 100 },
  },
}

local function record(keys, args)
  if not redis.call('SET', keys[1], '', 'NX') then
    local earned = redis.call('GET', keys[1])
    return earned == '' and { 1 } or { 1, earned }
  end
  local kind = args[1]
  local count = redis.call('HINCRBY', keys[2], kind, 1)
  local of_kind = badges[kind]
  local badge = of_kind and of_kind[count]
  if not badge or redis.call('SETBIT', keys[3], badge[2], 1) == 1 then
    return { 0 }
  end
  local name, points = badge[1], badge[3]
  redis.call('ZINCRBY', keys[4], points, args[3])
  redis.call('XADD', keys[5], '*', 'user', args[3], 'badge', name, 'event', args[2])
  redis.call('SET', keys[1], name)
  return { 0, name }
end

redis.register_function('record', record)
