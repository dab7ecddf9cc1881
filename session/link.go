package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spindleweb/spindle/timer"
)

// link is what a Manager with a Store has besides. The memory stays what
// requests go by: a session that is here costs them no call. In the background
// the Store is told of their use (tell.go), of changes that no request waits for
// (save.go), and asked for the ends of sessions: of those that are due here
// (claim.go), and of those whose process is gone (takeover.go).
type link struct {
	m     *Manager
	gate  gate
	owner string
	codec Codec
	grace time.Duration
	lease time.Duration

	flights flights

	telling *timer.Keys[id] // whose use is to be told, for when
	tells   *queue[reminder]
	untold  untold
	waiting waiting     // until it has been told
	behind  atomic.Bool // the Store does not keep up with it
	saves   *queue[*Session]
	claims  *queue[*Session]
	acks    *queue[StoreKey]

	claimed claimed
	taking  turn // held to take over

	unreadable sync.Map // the keys of records that the log has heard of

	counts storeCounts
	ctx    context.Context // of what goes on in the background, until the end of close
	cancel context.CancelFunc
	done   sync.WaitGroup // for the sweeper
}

// batchSize is how many sessions are claimed or acknowledged in one call, and told
// of at first.
const batchSize = 128

func (m *Manager) connect() {
	l := &link{m: m, owner: rand.Text(), codec: m.Codec}
	if l.codec == nil {
		l.codec = jsonCodec{}
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	l.gate = gate{m: m, ctx: l.ctx, patience: m.StoreTimeout, claims: time.Now().Add(settling)}
	if l.gate.patience <= 0 {
		l.gate.patience = 3 * time.Second
	}
	l.grace = max(leastGrace, min(l.gate.patience, mostGrace))
	if l.lease = m.Lease; l.lease <= 0 {
		l.lease = 30 * time.Second
	}
	l.lease = max(l.lease, 2*l.grace) // a claim has to be kept in time
	l.telling = timer.NewKeys(m.clock, l.remember)
	l.tells = &queue[reminder]{do: l.tell, most: batchSize}
	l.waiting.all = make(map[id]chan struct{})
	l.saves = &queue[*Session]{do: l.saveAll, most: savers}
	l.claims = &queue[*Session]{do: l.claim, most: batchSize}
	l.acks = &queue[StoreKey]{do: l.ack, most: batchSize}
	l.gate.opened = l.untold.endOutage
	l.claimed.keys = make(map[StoreKey]bool)
	l.claimed.places = make(chan struct{}, mostBegun)
	l.taking = newTurn()
	l.flights.all = make(map[string]*flight)
	m.link = l
	l.done.Go(l.sweep)
}

// keyOf returns what the Store knows an id by.
func keyOf(uid string) StoreKey { return sha256.Sum256([]byte(uid)) }

func (s *Session) stored() *stored { return s.more.Load().stored }

func (s *Session) storeKey() StoreKey { return *s.stored().key.Load() }

// create makes the record of a new session, which nobody else has.
func (l *link) create(s *Session) error {
	key := keyOf(s.UID())
	x := s.extra()
	x.stored = &stored{io: newTurn()}
	x.stored.key.Store(&key)
	x.stored.version.Store(1)
	x.stored.tell(lastUse(s.activity.Load()))
	now := l.m.clock.Now()
	r := Record{Remaining: s.extension(now, now), Limit: limitOf(s, now)}
	r.Fields = append(r.Fields, Field{Name: headerName, Value: seal(headerName, s.header().encode())})
	for _, v := range x.values {
		if v.k.local {
			continue
		}
		data, err := l.encode(v.k, v.p)
		if err != nil {
			report(l.m.Log, "session: the factory has set what cannot be kept", "error", err)
			return fmt.Errorf("%w: %w", ErrFactory, err)
		}
		r.Fields = append(r.Fields, Field{Name: v.k.name, Value: seal(v.k.name, data)})
		x.stored.fields = append(x.stored.fields, field{name: v.k.name, version: 1, now: content{data, true}})
	}
	x.values = onlyLocal(x.values)
	err := l.gate.call(l.ctx, func(ctx context.Context) error { return l.m.Store.Create(ctx, key, r) })
	if errors.Is(err, ErrExists) {
		return ErrIDs
	}
	return err
}

// rename gives s another id, in the Store first.
func (l *link) rename(s *Session, v id, tail string) error {
	st := s.stored()
	st.io.Lock()
	defer st.io.Unlock()
	if st.renamed != nil { // before there are two such keys
		if err := l.reload(l.ctx, s); err != nil {
			return err
		}
		st.renamed = nil
	}
	key := keyOf(text(v, tail))
	x := s.extra()
	x.mu.Lock()
	c := st.changes()
	x.mu.Unlock()
	err := l.write(l.ctx, s, c, "", &key)
	if errors.Is(err, ErrExists) {
		return ErrIDs
	}
	if err != nil {
		return err
	}
	st.key.Store(&key)
	if err := l.m.table.rename(s, v, tail); err != nil {
		l.lost(s) // here, where it cannot be found any more
		return ErrEnded
	}
	st.reminder.Store(0) // it is of the old id
	l.nothingNew(s)
	return nil
}

// adjustTime moves the ends of all sessions in the Store.
func (l *link) adjustTime(ctx context.Context, delta time.Duration) error {
	a, ok := l.m.Store.(Adjuster)
	if !ok {
		return fmt.Errorf("the store cannot: %w", errors.ErrUnsupported)
	}
	// It is about all of them, so it may take longer than other calls.
	return guard(func(ctx context.Context) error { return a.AdjustTime(ctx, delta) })(ctx)
}

// raise makes v the value, unless that is greater.
func raise(p *atomic.Int64, v int64) {
	for {
		old := p.Load()
		if old >= v || p.CompareAndSwap(old, v) {
			return
		}
	}
}
