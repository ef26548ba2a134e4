// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/certmagic"
)

const (
	// boardDirectory is where the notices are in the storage.
	boardDirectory = "clerk/revoked"
	// boardPeriod is how long after it was posted a notice is read at most.
	boardPeriod = 5 * time.Second
	// boardTimeout is how long the storage may take for one thing.
	boardTimeout = 5 * time.Second
	// noticeLifetime is how long a notice may be of use to any Caddy, whatever its
	// gates let pass: those that share a storage need not be configured alike, and
	// whoever removes it must not take it from one that is about to start.
	noticeLifetime = sessionLifetime + maxClockSkew + maxGrace
)

var errBoardClosed = errors.New("the configuration has just been replaced; try again")

// revocationBoard is where Caddys that share a storage, and a Caddy and the one
// that is started after it, tell each other whom they have revoked. A notice is
// a key of the storage, which says who and when, so that posting takes no lock,
// and one listing reads them all.
//
// A board belongs to one configuration, as the storage does.
type revocationBoard struct {
	storage certmagic.Storage
	log     *slog.Logger
	// readers are the instances in use. They do not change once the board is open.
	readers []*revocations

	outage outageNote
	stop   context.CancelFunc
	ended  sync.WaitGroup

	mu     sync.Mutex // held while the storage is in use, and guards what follows
	closed bool
	// read are the notices that were there when they were last read.
	read map[string]bool
}

// open reads what is on the board, and goes on reading until it is closed. The
// first time is waited for: none of the tokens that were refused before a
// restart should pass after it.
func (b *revocationBoard) open() {
	ctx, cancel := context.WithCancel(context.Background())
	b.stop = cancel
	b.look(ctx)
	b.ended.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(boardPeriod):
				b.look(ctx)
			}
		}
	})
}

// close ends the reading, and waits until the storage is no longer in use.
func (b *revocationBoard) close() {
	b.stop()
	b.ended.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}

// post has the others know that somebody was revoked.
func (b *revocationBoard) post(ctx context.Context, id string, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, boardTimeout)
	defer cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return errBoardClosed
	}
	text := at.UTC().Format(time.RFC3339)
	return b.storage.Store(ctx, path.Join(boardDirectory, notice{id, at}.name()), []byte(text))
}

// look reads the board, and logs that it cannot.
func (b *revocationBoard) look(ctx context.Context) {
	err := b.takeIn(ctx, time.Now())
	switch {
	case ctx.Err() != nil:
	case err == nil && b.outage.ends():
		b.log.Info("revocations of other Caddys are known again")
	case err != nil && b.outage.begins(time.Now()):
		b.log.Warn("revocations of other Caddys, and those from before a restart, cannot all be known; check the storage", "error", err)
	}
}

// takeIn revokes whom notices name that were not there the last time, and
// removes those that have served their time.
func (b *revocationBoard) takeIn(ctx context.Context, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, boardTimeout)
	defer cancel()
	for _, r := range b.readers {
		r.forget(now)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	keys, err := b.storage.List(ctx, boardDirectory, false)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("listing %s in the storage: %w", boardDirectory, err)
	}
	var failure error // the first: there may be thousands alike
	read := make(map[string]bool, len(keys))
	for _, key := range keys {
		name := path.Base(key)
		n, ok := parseNotice(name)
		switch {
		case !ok:
		case now.Sub(n.at) > noticeLifetime:
			failure = cmp.Or(failure, b.storage.Delete(ctx, path.Join(boardDirectory, name)))
		case b.read[name]:
			read[name] = true
		default:
			err := b.revoke(n, now)
			failure, read[name] = cmp.Or(failure, err), err == nil
		}
	}
	b.read = read
	return failure
}

// revoke has the instances refuse whom a notice names.
func (b *revocationBoard) revoke(n notice, now time.Time) error {
	for _, r := range b.readers {
		if _, err := r.revoke(n.id, n.at, now); err != nil {
			return err
		}
	}
	return nil
}

// notice says who was revoked, and when.
type notice struct {
	id string
	at time.Time
}

// name is that of the notice's key, in milliseconds since 1970.
func (n notice) name() string { return n.id + "." + strconv.FormatInt(n.at.UnixMilli(), 10) }

var noticeName = regexp.MustCompile(`^((?:sess|user)_[A-Za-z0-9_]{1,100})\.([0-9]{1,15})$`)

// parseNotice reads a notice's name. Whatever else is in the directory is left
// alone.
func parseNotice(name string) (notice, bool) {
	parts := noticeName.FindStringSubmatch(name)
	if parts == nil {
		return notice{}, false
	}
	at, err := strconv.ParseInt(parts[2], 10, 64)
	return notice{parts[1], time.UnixMilli(at)}, err == nil
}
