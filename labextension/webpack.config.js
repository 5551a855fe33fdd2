// Ids of modules are their paths in this folder: the default ones depend on where the folder is.
module.exports = { optimization: { moduleIds: 'named' } };
