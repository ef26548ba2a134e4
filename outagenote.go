// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"sync"
	"time"
)

// outageNote is when it was last logged that something cannot be reached. That
// is said once until it is over, and once a minute at most: what works now and
// then begins to fail with every other request.
type outageNote struct {
	mu   sync.Mutex // guards what follows
	at   time.Time
	told bool
}

// begins tells whether to log that an outage has begun, and takes it that it is.
func (o *outageNote) begins(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.told || !o.at.IsZero() && now.Sub(o.at) < time.Minute {
		return false
	}
	o.at, o.told = now, true
	return true
}

// ends tells whether to log that the outage is over.
func (o *outageNote) ends() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	was := o.told
	o.told = false
	return was
}
