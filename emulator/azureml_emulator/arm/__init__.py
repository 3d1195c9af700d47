"""What every Azure Resource Manager resource does in the same way: the kinds only declare differences."""
