// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"

	"github.com/caddy-clerk/caddy-clerk/verifier"
)

// boardOf gives the board of a Caddy that uses a storage, and whom it refuses.
func boardOf(storage certmagic.Storage) (*revocationBoard, *revocations) {
	r := new(revocations)
	return &revocationBoard{storage: storage, log: slog.New(slog.DiscardHandler), readers: []*revocations{r}}, r
}

func (r *revocations) hasUser(id string, now time.Time) bool {
	return r.has(&verifier.Claims{SessionID: "sess_of_somebody", UserID: id}, now)
}

func TestCaddysWithOneStorageTellEachOther(t *testing.T) {
	storage := &certmagic.FileStorage{Path: t.TempDir()}
	one, _ := boardOf(storage)
	other, refused := boardOf(storage)
	now := time.Now()
	if err := other.takeIn(t.Context(), now); err != nil {
		t.Fatalf("expected an empty board to be no failure, got %v", err)
	}
	for _, id := range []string{"user_1", "sess_2"} {
		if err := one.post(t.Context(), id, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.takeIn(t.Context(), now); err != nil || !refused.hasUser("user_1", now) || refused.count(now) != 2 {
		t.Errorf("expected both to be refused, got %d, %v", refused.count(now), err)
	}
	later := now.Add(time.Minute - time.Millisecond)
	another, refusedLater := boardOf(storage)
	if err := another.takeIn(t.Context(), later); err != nil || !refusedLater.hasUser("user_1", later) {
		t.Errorf("expected who comes later to be told as long as it matters, got %v", err)
	}
}

// TestANoticeLastsAsLongAsAnybodyNeedsIt has Caddys that let tokens outlive their
// expiry by different times: the one that needs it least must not take it from
// one that is started later.
func TestANoticeLastsAsLongAsAnybodyNeedsIt(t *testing.T) {
	storage := &certmagic.FileStorage{Path: t.TempDir()}
	strict, refused := boardOf(storage)
	now := time.Now()
	if err := strict.post(t.Context(), "user_1", now); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		after           time.Duration
		strict, lenient bool
		listed          int
	}{
		{0, true, true, 1},
		{sessionLifetime - time.Second, true, true, 1},
		{sessionLifetime + time.Second, false, true, 1},
		{noticeLifetime - time.Second, false, true, 1},
		{noticeLifetime + time.Second, false, false, 0},
	} {
		at := now.Add(test.after)
		lenient, refusedLeniently := boardOf(storage)
		refusedLeniently.allow(maxClockSkew + maxGrace)
		if err := errors.Join(strict.takeIn(t.Context(), at), lenient.takeIn(t.Context(), at)); err != nil {
			t.Error(err)
		}
		notices := noticesIn(t, storage)
		if len(notices) != test.listed || refused.hasUser("user_1", at) != test.strict || refusedLeniently.hasUser("user_1", at) != test.lenient {
			t.Errorf("after %s: expected %+v, got %q", test.after, test, notices)
		}
	}
	if !refused.isEmpty() {
		t.Error("expected nothing to be looked up once it has ended")
	}
}

func noticesIn(t *testing.T, storage *certmagic.FileStorage) []string {
	t.Helper()
	keys, err := storage.List(t.Context(), boardDirectory, false)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestWhatIsNoNoticeIsLeftAlone has a storage that holds what nobody here wrote.
func TestWhatIsNoNoticeIsLeftAlone(t *testing.T) {
	storage := &certmagic.FileStorage{Path: t.TempDir()}
	names := []string{
		"user_1", "user_1.", "user_1.x", "user_1.-5", "user_1.1e3", "user_1.1000000000000000", ".1700000000000", "org_1.1700000000000",
		"user_.1700000000000", "user_" + strings.Repeat("x", 101) + ".1700000000000", "user_1.1700000000000.tmp", "README",
	}
	for _, name := range names {
		if err := storage.Store(t.Context(), boardDirectory+"/"+name, nil); err != nil {
			t.Fatal(err)
		}
	}
	board, refused := boardOf(storage)
	if err := board.takeIn(t.Context(), time.Now()); err != nil || !refused.isEmpty() {
		t.Errorf("expected nobody to be refused, got %d, %v", refused.count(time.Now()), err)
	}
	if left := noticesIn(t, storage); len(left) != len(names) {
		t.Errorf("expected nothing to be removed, left are %q", left)
	}
}

// TestANoticeFromTheFutureCountsOnce has a clock elsewhere that is a day ahead:
// nobody is refused for a day because of it.
func TestANoticeFromTheFutureCountsOnce(t *testing.T) {
	storage := &certmagic.FileStorage{Path: t.TempDir()}
	board, refused := boardOf(storage)
	now := time.Now()
	if err := board.post(t.Context(), "user_1", now.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := board.takeIn(t.Context(), now); err != nil || !refused.hasUser("user_1", now) {
			t.Fatalf("expected it to count from now on, got %v", err)
		}
		now = now.Add(29 * time.Second)
	}
	if refused.hasUser("user_1", now) {
		t.Error("expected it to end")
	}
}

func TestABoardWithMoreThanThereIsRoomFor(t *testing.T) {
	storage, now := &listing{}, time.Now()
	for n := range maxRevocations + 1 {
		storage.keys = append(storage.keys, boardDirectory+"/"+notice{fmt.Sprint("sess_", n), now}.name())
	}
	board, refused := boardOf(storage)
	if err := board.takeIn(t.Context(), now); !errors.Is(err, errTooManyRevoked) || refused.count(now) != maxRevocations {
		t.Errorf("expected as many as there is room for, got %d, %v", refused.count(now), err)
	}
	storage.keys = storage.keys[len(storage.keys)-1:]
	later := now.Add(30 * time.Second)
	refused.forget(now.Add(time.Hour))
	if err := board.takeIn(t.Context(), later); err != nil || refused.count(later) != 1 {
		t.Errorf("expected the one that was left over to be tried again, got %d, %v", refused.count(later), err)
	}
}

// listing is a storage that only lists, as long as it does not fail or hang.
type listing struct {
	certmagic.Storage
	keys    []string
	failure error
	hangs   bool
}

func (l *listing) List(ctx context.Context, _ string, _ bool) ([]string, error) {
	if l.hangs {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return l.keys, l.failure
}

func TestABoardThatCannotBeReadIsLoggedOnce(t *testing.T) {
	storage := &listing{failure: errors.New("no such bucket")}
	board, _ := boardOf(storage)
	var log bytes.Buffer
	board.log = slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		board.look(t.Context())
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), "no such bucket") {
		t.Errorf("expected one line, got\n%s", &log)
	}
	storage.failure = nil
	for range 3 {
		board.look(t.Context())
	}
	if lines := strings.Count(log.String(), "\n"); lines != 2 || !strings.Contains(log.String(), "known again") {
		t.Errorf("expected one line more, got\n%s", &log)
	}
}

// pass lets a time of a synctest bubble pass, and what was to happen in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestABoardIsReadUntilItIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		storage := &certmagic.FileStorage{Path: t.TempDir()}
		board, refused := boardOf(storage)
		board.open()
		other, _ := boardOf(storage)
		for _, id := range []string{"user_1", "user_2"} {
			if err := other.post(t.Context(), id, time.Now()); err != nil {
				t.Fatal(err)
			}
			if pass(boardPeriod); !refused.hasUser(id, time.Now()) {
				t.Errorf("expected %s to be refused after %s", id, boardPeriod)
			}
		}
		board.close()
		if err := board.post(t.Context(), "user_3", time.Now()); !errors.Is(err, errBoardClosed) {
			t.Errorf("expected nothing to be posted any more, got %v", err)
		}
	})
}

// TestAStorageThatHangsDelaysNothingForLong takes no more than boardTimeout to
// open, and nothing to close.
func TestAStorageThatHangsDelaysNothingForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		board, _ := boardOf(&listing{hangs: true})
		began := time.Now()
		board.open()
		if took := time.Since(began); took != boardTimeout {
			t.Errorf("expected opening to take %s, took %s", boardTimeout, took)
		}
		pass(boardPeriod + time.Second)
		began = time.Now()
		board.close()
		if took := time.Since(began); took != 0 {
			t.Errorf("expected closing to wait for nothing, took %s", took)
		}
	})
}

// TestNoticesAreForPeopleToo looks at what an operator finds in the storage.
func TestNoticesAreForPeopleToo(t *testing.T) {
	storage := &certmagic.FileStorage{Path: t.TempDir()}
	board, _ := boardOf(storage)
	if err := board.post(t.Context(), "sess_2abc", time.UnixMilli(1_772_366_405_368)); err != nil {
		t.Fatal(err)
	}
	if got := noticesIn(t, storage); !slices.Equal(got, []string{"clerk/revoked/sess_2abc.1772366405368"}) {
		t.Errorf("got %q", got)
	}
	text, err := os.ReadFile(filepath.Join(storage.Path, "clerk", "revoked", "sess_2abc.1772366405368"))
	if err != nil || string(text) != "2026-03-01T12:00:05Z" {
		t.Errorf("got %q, %v", text, err)
	}
}
