"""The rules of orders, stock and money: pure functions over records, without I/O, clock or chance."""
