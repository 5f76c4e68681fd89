// The call tree of the plugin.

/** Deeper recursion is counted in the node at this depth. */
export const mostDepth = 1000;
/** What comes behind so many nodes is counted in its caller. */
const mostNodes = 1 << 20;

export const treeSource = `
enum { ROOT = 0, MOST_DEPTH = ${mostDepth}, MOST_NODES = ${mostNodes}, TABLE = 2 * MOST_NODES };

struct node {
    uint64_t function, self, calls;
    uint32_t parent, depth;
    bool unnamed; /* its function is the address that it was entered at */
};

static struct node *nodes;
static uint32_t node_count, node_room, *table; /* of (parent, function): a node's number, 0 for none */
static uint64_t too_deep, too_many;

static uint32_t new_node(uint32_t parent, uint64_t function)
{
    if (node_count == node_room) {
        node_room = node_room ? 2 * node_room : 1024;
        nodes = room_for(nodes, node_room, sizeof(*nodes));
    }
    nodes[node_count] = (struct node){function, 0, 0, parent, node_count ? nodes[parent].depth + 1 : 0, false};
    return node_count++;
}

/* The function's node below its parent, entered once more. */
static uint32_t entered(uint32_t parent, uint64_t function)
{
    uint32_t at = (uint32_t)(((function ^ ((uint64_t)parent << 40)) * 0x9e3779b97f4a7c15ull + parent) >> 32) % TABLE;

    if (nodes[parent].depth >= MOST_DEPTH) {
        too_deep++;
        return parent;
    }
    for (; table[at] != 0; at = (at + 1) % TABLE)
        if (nodes[table[at]].parent == parent && nodes[table[at]].function == function) break;
    if (table[at] == 0) {
        if (node_count == MOST_NODES) {
            too_many++;
            return parent;
        }
        table[at] = new_node(parent, function);
    }
    nodes[table[at]].calls++;
    return table[at];
}
`;
