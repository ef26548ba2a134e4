// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"sync/atomic"
	"time"
)

// warning is when a line was last logged, in seconds since the epoch. What
// requests can cause is logged once a minute at most, whoever sends them.
type warning struct{ last atomic.Int64 }

func (a *Authenticator) warn(w *warning, message string, args ...any) {
	now, last := a.options.Now().Unix(), w.last.Load()
	// A clock that was set back must not silence it for as long.
	since := now - last
	if since >= 0 && since < int64(time.Minute/time.Second) || !w.last.CompareAndSwap(last, now) {
		return
	}
	a.options.Log.Warn(message, args...)
}
