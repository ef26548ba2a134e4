// SPDX-License-Identifier: Apache-2.0

package verifier

import "time"

// warning is when a line was last logged. What requests and outages can cause,
// however often, is logged once a minute at most.
type warning struct{ at time.Time }

// isDue tells whether the line may be logged, and takes it that it is.
func (w *warning) isDue(now time.Time) bool {
	if !w.at.IsZero() && now.Sub(w.at) < time.Minute {
		return false
	}
	w.at = now
	return true
}

// warn logs what goes wrong with the store, if it is time for that.
func (r *RemoteKeys) warn(w *warning, message string, err error) {
	r.mu.Lock()
	due := w.isDue(r.now())
	r.mu.Unlock()
	if due {
		r.log.Warn(message, "error", err)
	}
}
