// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"os"
	"runtime/debug"
	"sync"
)

const (
	// reserveBytes is how much memory is reserved.
	reserveBytes = 32 << 20
	// reserveShare is how many times as much a process must be allowed to use.
	reserveShare = 8
)

// reserve reserves memory, once for the process, unless that is not ours to do.
// Nothing is ever written to it, so that the system need not provide it; it is
// there for the garbage collector to count.
//
// The collector runs when as much has been allocated as was in use after its
// last run. A Caddy has so little in use that this comes dozens of times a second
// under load, and takes more of the processor than a gate does: what a request
// allocates here would be felt by all others. With the reserve counted it comes
// far less often, and up to as much memory again is in use in between.
var reserve = sync.OnceValue(func() []byte {
	if !mayReserve(os.Getenv("GOGC"), debug.SetMemoryLimit(-1)) {
		return nil
	}
	return make([]byte, reserveBytes)
})

// mayReserve tells whether it is left to us when the collector runs: whoever has
// set its percentage has decided that, and where memory is short, the collector
// should run as often as it takes.
func mayReserve(percentage string, limit int64) bool {
	return percentage == "" && limit >= reserveShare*reserveBytes
}
