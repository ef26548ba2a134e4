// SPDX-License-Identifier: Apache-2.0

package guard

import (
	"container/heap"
	"sync"
	"time"
)

const (
	// budgetTime is how long an empty budget takes to be full again.
	budgetTime = time.Minute
	// clientCost and commonCost are what one failure takes of a budget: 20 a
	// minute for one client, 200 for all those that have no address.
	clientCost = budgetTime / 20
	commonCost = budgetTime / 200
	// maxClients bounds the clients that are remembered.
	maxClients = 16_384
)

// budget is how many failures each client may cause. A client whose budget is
// full is not remembered, which is most of them at most times.
type budget struct {
	mu      sync.Mutex // guards what follows, and every account
	clients map[digest]*account
	fullest accounts
	common  account
	refused uint64
}

// account is the budget of one client, told by the moment when it is full
// again: every failure puts that off.
type account struct {
	client digest
	cost   time.Duration
	full   time.Time
	index  int // in fullest; forgotten for one that is not in it
}

// forgotten is the index of an account that is not among the fullest.
const forgotten = -1

func newBudget() *budget {
	return &budget{
		clients: make(map[digest]*account),
		common:  account{cost: commonCost, index: forgotten},
	}
}

// take pays for a failure in advance, so that calls made at once cannot cause
// more of them than calls made one by one. It refuses when nothing is left.
func (b *budget) take(client string, now time.Time) (*account, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.account(client, now)
	full := later(a.full, now).Add(a.cost)
	if missing := full.Sub(now) - budgetTime; missing > 0 {
		b.refused++
		return nil, &unavailableError{cause: ErrBudget, retryAfter: missing}
	}
	a.full = full
	if a.index != forgotten {
		heap.Fix(&b.fullest, a.index)
	}
	return a, nil
}

// giveBack returns what was paid for a call that did not fail.
func (b *budget) giveBack(a *account, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	a.full = a.full.Add(-a.cost)
	switch {
	case a.index == forgotten:
	case a.full.After(now):
		heap.Fix(&b.fullest, a.index)
	default:
		b.forget(a)
	}
}

// account gives that of a client, a new one if there is none. The caller holds
// the lock.
func (b *budget) account(client string, now time.Time) *account {
	if client == "" {
		return &b.common
	}
	id := digestOf(client)
	if a := b.clients[id]; a != nil {
		return a
	}
	// Two go for each that comes, so that the lock is never held for long.
	for range 2 {
		if len(b.fullest) == maxClients || len(b.fullest) > 0 && !b.fullest[0].full.After(now) {
			b.forget(b.fullest[0])
		}
	}
	a := &account{client: id, cost: clientCost}
	b.clients[id] = a
	heap.Push(&b.fullest, a)
	return a
}

// forget drops an account. The caller holds the lock.
func (b *budget) forget(a *account) {
	heap.Remove(&b.fullest, a.index)
	delete(b.clients, a.client)
}

// state gives how many clients are remembered, and how many calls were refused.
func (b *budget) state() (clients int, refused uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.clients), b.refused
}

// accounts is a heap (container/heap) with the fullest one at its head.
type accounts []*account

func (h accounts) Len() int           { return len(h) }
func (h accounts) Less(i, j int) bool { return h[i].full.Before(h[j].full) }

func (h accounts) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *accounts) Push(a any) {
	added := a.(*account)
	added.index = len(*h)
	*h = append(*h, added)
}

func (h *accounts) Pop() any {
	last := len(*h) - 1
	gone := (*h)[last]
	(*h)[last] = nil
	*h, gone.index = (*h)[:last], forgotten
	return gone
}
