// SPDX-License-Identifier: Apache-2.0

package backendapi

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// Time is a moment as Clerk writes it, a number since 1970 in UTC. It is a
// time.Time with all its methods, and differs from one in JSON alone.
//
// Most of Clerk's times are milliseconds and some are seconds. The description
// of the API does not always say which, and has an example in seconds that is
// said to be in milliseconds, so the number itself decides: below 10¹¹ it is
// seconds (until the year 5138), from there on milliseconds (since 1973).
// Milliseconds are what is written.
type Time struct{ time.Time }

const (
	firstMillisecond = 1e11
	// lastMillisecond is the last of the year 9999, where dates end.
	lastMillisecond = 253402300799999
)

// UnmarshalJSON implements json.Unmarshaler.
func (t *Time) UnmarshalJSON(data []byte) error {
	var count float64
	if err := json.Unmarshal(data, &count); err != nil {
		return err
	}
	if count < firstMillisecond {
		count *= 1000
	}
	if math.Abs(count) > lastMillisecond {
		return fmt.Errorf("expected a time before the year 10000, got %g ms", count)
	}
	t.Time = time.UnixMilli(int64(count)).UTC()
	return nil
}

// MarshalJSON implements json.Marshaler.
func (t Time) MarshalJSON() ([]byte, error) { return json.Marshal(t.UnixMilli()) }
