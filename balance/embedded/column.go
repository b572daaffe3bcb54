package embedded

// column is a growing list whose elements stay where they are. Without pointers in T the garbage
// collector does not look into it.
type column[T any] struct {
	blocks [][]T
	length uint32
}

const columnBlock = 1 << 12

func (c *column[T]) add(v T) uint32 {
	i := c.length
	if i%columnBlock == 0 {
		c.blocks = append(c.blocks, make([]T, columnBlock))
	}
	c.blocks[i/columnBlock][i%columnBlock] = v
	c.length++
	return i
}

func (c *column[T]) at(i uint32) *T { return &c.blocks[i/columnBlock][i%columnBlock] }
