// SPDX-License-Identifier: Apache-2.0

package caddyclerk

import (
	"testing"
	"time"
)

// TestAnOutageIsToldOfOnceAMinute has every other request fail, twenty a second
// for ten minutes.
func TestAnOutageIsToldOfOnceAMinute(t *testing.T) {
	o, now, begun, ended := new(outageNote), time.Now(), 0, 0
	for range 10 * 60 * 10 {
		if o.begins(now) {
			begun++
		}
		if o.begins(now) {
			t.Fatal("expected it to be said once")
		}
		if o.ends() {
			ended++
		}
		now = now.Add(time.Second / 10)
	}
	if begun != 10 || ended != 10 {
		t.Errorf("expected ten of each in ten minutes, got %d and %d", begun, ended)
	}
}
