// SPDX-License-Identifier: Apache-2.0

package caddyclerk

// PooledInstances gives the instances that are alive, each with the tokens that
// it remembers and its keys, by what tells them apart.
func PooledInstances() map[string]any {
	alive := make(map[string]any)
	instances.Range(func(key, value any) bool {
		alive[key.(instanceKey).String()] = value
		return true
	})
	return alive
}
