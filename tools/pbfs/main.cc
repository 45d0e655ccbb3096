#include "tools/pbfs/session.h"

int main(int argc, char** argv) {
  using namespace pbfs::cli;
  CommandLine line;
  for (const auto add :
       {AddBucket, AddPut,  AddGet,     AddCat,    AddPatch,  AddAppend, AddTruncate, AddCp,    AddMv,  AddRm,
        AddLs,     AddStat, AddHistory, AddVerify, AddRehome, AddBench,  AddCluster,  AddLocal, AddJob, AddKey})
    add(line);
  return line.Main(argc, argv);
}
