// SPDX-License-Identifier: Apache-2.0

package authstate

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestWarningsComeOnceAMinute has ten requests a second cause one for an hour,
// and then a clock that was a day ahead set right.
func TestWarningsComeOnceAMinute(t *testing.T) {
	var log bytes.Buffer
	k := newKit(t, liveKey, func(o *Options) { o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	for range 60 * 60 * 10 {
		k.auth.warn(&k.auth.loopWarning, "a loop")
		k.now = k.now.Add(time.Second / 10)
	}
	if n := strings.Count(log.String(), "a loop"); n != 60 {
		t.Errorf("expected 60 lines in an hour, got %d", n)
	}
	k.now = k.now.Add(-24 * time.Hour)
	k.auth.warn(&k.auth.loopWarning, "a loop")
	if n := strings.Count(log.String(), "a loop"); n != 61 {
		t.Errorf("expected a clock that is set back to silence nothing, got %d lines", n)
	}
}
